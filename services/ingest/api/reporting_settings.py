"""The settings of how an office handles reports, over HTTP."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.domain.reporting_policy import ReportingPolicy
from services.ingest.handlers.office import reporting_settings as handlers
from shared.api.obligations import ReportingSettingsIn, ReportingSettingsOut

ROUTER = APIRouter(prefix="/v1/settings/reporting", tags=["office"])


@ROUTER.get("")
async def show_reporting_settings(call: Permitted) -> ReportingSettingsOut:
    """Show how the office handles reports."""
    async with call.context.engine.connect() as db:
        return ReportingSettingsOut.model_validate(await handlers.get_settings(db, call.act))


@ROUTER.post("", response_model=ReportingSettingsOut)
async def change_reporting_settings(call: Permitted, body: ReportingSettingsIn) -> Response:
    """Change how the office handles reports; it holds for what is reported from now on."""
    policy = ReportingPolicy(body.review, frozenset(body.quiet), body.joint)

    async def run(db: AsyncConnection) -> handlers.ReportingSettings:
        return await handlers.change_settings(db, call.act, body.version, policy)

    return await answer_post(call, run, ReportingSettingsOut)
