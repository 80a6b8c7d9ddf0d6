"""Corrects what a plan is called, of which year it is, and who issued it."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import PlanStatus
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.ledger.titles import publish_title
from services.ingest.handlers.plans.plans import PlanView, get_plan, require_open, view_plan
from services.ingest.store import obligations, units
from services.ingest.store import plans as store


@dataclass(frozen=True, slots=True)
class PlanDetails:
    """The new title, year and issuer; None leaves one as it is."""

    title: str | None = None
    year: int | None = None
    issuer: str | None = None


async def change_details(
    db: AsyncConnection, act: Act, plan_id: UUID, wanted: PlanDetails, reason: str
) -> PlanView:
    """Correct a plan's title, year or issuer; nothing happens when it has these already.

    The scheduler learns of the new title of a published plan.

    Raises:
        RefusedError: no such plan, it is closed, or the year of a published plan would change.
    """
    plan = await get_plan(db, act, plan_id, lock=True)
    require_open(plan)
    values = {
        name: value
        for name, value in asdict(wanted).items()
        if value is not None and value != getattr(plan, name)
    }
    if not values:
        return await view_plan(db, act, plan_id)
    if "year" in values and plan.status is not PlanStatus.DRAFT:
        raise RefusedError(
            Fault.CONFLICT,
            "只有草稿可以改年份，日期已按年份生成。"
            "Only the year of a draft can be changed: dates were made from it.",
            "请撤回任务表，重新导入，再改草稿的年份。"
            "Withdraw the plan, import the document again, and set the year of the draft.",
        )
    version = plan.version + 1
    await store.update_plan(db, plan_id, values | {"version": version})
    if "title" in values and plan.status is PlanStatus.PUBLISHED:
        owed = await obligations.list_owed_measures(db, act.office_id, plan_id)
        await units.lock_units(db, sorted({measure.unit_id for measure in owed}))
        await publish_title(db, act, plan_id, owed, title=values["title"], cause=version)
    before = {name: getattr(plan, name) for name in values}
    after = values | {"reason": reason}
    await note(db, act, "plan.details-changed", plan_id, before=before, after=after)
    return await view_plan(db, act, plan_id)
