"""What the directory means for published plans over HTTP: shown, confirmed, dismissed."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.handlers.plans import deciding_members as handlers
from services.ingest.handlers.plans.membership import DirectoryChange
from shared.api.membership import DirectoryChangeOut, MemberDecisionIn

ROUTER = APIRouter(prefix="/v1/plans/{plan_id}/directory-changes", tags=["plans"])


@ROUTER.get("")
async def show_directory_changes(call: Permitted, plan_id: UUID) -> DirectoryChangeOut:
    """Show which units the directory now adds to a published plan, and which it takes away."""
    async with call.context.engine.connect() as db:
        change = await call.context.directory_changes.get(
            db, call.act, plan_id, lambda: handlers.show_members(db, call.act, plan_id)
        )
    return DirectoryChangeOut.model_validate(change)


@ROUTER.post("", response_model=DirectoryChangeOut)
async def decide_directory_changes(
    call: Permitted, plan_id: UUID, body: MemberDecisionIn
) -> Response:
    """Confirm or dismiss what the directory means for a published plan; shows what still waits.

    Confirmed, units that join get their obligations, units that leave owe nothing more of it, and
    the successor of a retired unit owes what that has open.
    Dismissed, all stays as it is, and the difference is not shown again.
    """
    choice = handlers.MemberChoice(body.decision)
    decision = handlers.MemberDecision(choice, body.reason, body.units, body.digest)
    limit = call.context.settings.publish_limit

    async def run(db: AsyncConnection) -> DirectoryChange:
        return await handlers.decide_members(db, call.act, plan_id, decision, limit)

    return await answer_post(call, run, DirectoryChangeOut)
