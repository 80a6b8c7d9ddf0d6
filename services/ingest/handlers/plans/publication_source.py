"""What a publication is made from: the plan's measures, decisions and dates, and the directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.expansion import Decision, Directory
from services.ingest.domain.lifecycle import ObligationDraft
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import PlanStatus
from services.ingest.handlers.acting import Act
from services.ingest.handlers.plans.doubts import (
    list_drafts,
    list_open_codes,
    to_decisions,
)
from services.ingest.handlers.plans.plans import get_plan
from services.ingest.handlers.units.units import load_directory
from services.ingest.store import plans as store
from services.ingest.store.rows import StoredMeasure, StoredPlan


@dataclass(frozen=True, slots=True)
class PublicationSource:
    """What a publication is made from.

    Attributes:
        dates: the dates of each measure.
        open_refs: the measures that can't be published yet.
    """

    plan: StoredPlan
    measures: Sequence[StoredMeasure]
    decisions: Mapping[str, Decision]
    known: Directory
    dates: Mapping[UUID, tuple[ObligationDraft, ...]]
    open_refs: tuple[str, ...]


async def load_source(db: AsyncConnection, act: Act, plan_id: UUID) -> PublicationSource:
    """Step 1. The plan is locked until the transaction ends.

    Raises:
        RefusedError: no such plan, it was withdrawn, or it is a revision.
    """
    plan = await get_plan(db, act, plan_id, lock=True)
    if plan.revises:
        raise RefusedError(
            Fault.CONFLICT,
            "修订不能发布。A revision can't be published.",
            "请确认修订。"
            f"Confirm it (`POST /v1/plans/{plan.revises}/revisions/{plan_id}/confirm`).",
        )
    if plan.status is PlanStatus.WITHDRAWN:
        raise RefusedError(
            Fault.CONFLICT,
            "任务表已撤回。The plan was withdrawn.",
            "请把现行文件作为新的任务表导入。Import the document in force as a new plan.",
        )
    measures = await store.list_measures(db, plan_id)
    decisions = to_decisions(await store.list_decisions(db, plan_id))
    known = await load_directory(db, act.office_id)
    dates = {measure.measure_id: list_drafts(measure, plan.year) for measure in measures}
    open_refs = tuple(
        measure.ref for measure in measures if list_open_codes(measure, dates[measure.measure_id])
    )
    return PublicationSource(plan, measures, decisions, known, dates, open_refs)
