"""The settings of an office over HTTP."""

import base64

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.domain.reporting_policy import ReportingPolicy
from services.ingest.handlers.office import office_settings as handlers
from services.ingest.handlers.office.office_settings import NewSettings, SettingsView
from shared.api.settings import OfficeSettingsIn, OfficeSettingsOut
from shared.schemas.life import ObligationStatus

ROUTER = APIRouter(prefix="/v1/office", tags=["office"])


@ROUTER.get("/settings")
async def show_settings(call: Permitted) -> OfficeSettingsOut:
    """Show the office's settings: lights, hours, limits, signature, time zone, retention."""
    async with call.context.engine.connect() as db:
        return _show(await handlers.view_settings(db, call.act.office_id))


@ROUTER.put("/settings", response_model=OfficeSettingsOut)
async def change_settings(call: Permitted, body: OfficeSettingsIn) -> Response:
    """Replace the office's settings, all of them.

    Another time zone, or other near days, publish the rule book anew: all reminders are planned
    again.
    """
    new = NewSettings(
        version=body.version,
        timezone=body.timezone,
        near_working_days=body.near_working_days,
        settings=body.get_settings(),
        logo=body.get_logo(),
        reporting=ReportingPolicy(
            review=body.review,
            quiet=frozenset(body.stops_reminders) - {ObligationStatus.DONE},
            joint=body.joint,
        ),
        rule_approval_share=body.rule_approval_share,
    )

    async def run(db: AsyncConnection) -> OfficeSettingsOut:
        return _show(await handlers.change_settings(db, call.act, new))

    return await answer_post(call, run, OfficeSettingsOut)


def _show(view: SettingsView) -> OfficeSettingsOut:
    return OfficeSettingsOut(
        **view.settings.model_dump(),
        version=view.version,
        timezone=view.timezone,
        near_working_days=view.near_working_days,
        logo=None if view.logo is None else base64.b64encode(view.logo).decode(),
        stops_reminders=(*sorted(view.reporting.quiet), ObligationStatus.DONE),
        review=view.reporting.review,
        joint=view.reporting.joint,
        rule_approval_share=view.rule_approval_share,
        changed_by=view.changed_by,
        changed_at=view.changed_at,
    )
