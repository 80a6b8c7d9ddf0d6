"""Plans: imports a document as a draft, and shows a plan with all that is still open."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.statuses import PlanStatus
from services.ingest.extraction.source import PlanReading
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.plans.doubts import (
    UnknownName,
    list_plan_doubts,
    list_unknown_names,
    to_decisions,
)
from services.ingest.handlers.plans.measure_rows import list_measure_rows
from services.ingest.handlers.plans.measure_views import (
    MeasureView,
    restrict_measure,
    view_measure,
)
from services.ingest.handlers.units.units import load_directory
from services.ingest.store import plans as store
from services.ingest.store.rows import (
    PlanOverview,
    StoredNameDecision,
    StoredPlan,
)
from shared.schemas import identity
from shared.schemas.life import Joint
from shared.schemas.refs import rank_ref


@dataclass(frozen=True, slots=True)
class OpenMeasure:
    """A measure that needs a decision, and why."""

    ref: str
    codes: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with its measures."""

    plan_id: UUID
    title: str | None
    year: int | None
    issuer: str | None
    status: PlanStatus
    document_name: str
    imported_at: datetime
    imported_by: str
    published_at: datetime | None
    revises: UUID | None
    revised_by: UUID | None
    joint: Joint | None
    tasks: int
    measures: tuple[MeasureView, ...]
    open: tuple[OpenMeasure, ...]
    unknown_names: tuple[UnknownName, ...]
    decisions: tuple[StoredNameDecision, ...] = ()
    warnings: tuple[Mapping[str, Any], ...] = ()
    doubts: tuple[str, ...] = ()
    version: int = 1
    created: bool = field(default=False)


async def import_plan(
    db: AsyncConnection, act: Act, name: str, document: bytes, reading: PlanReading
) -> PlanView:
    """Enter a document as a draft; the same document again gives the same draft, unchanged.

    `created` of the answer is whether the document is new.
    """
    parsed = reading.plan
    sha256 = hashlib.sha256(document).hexdigest()
    plan_id = identity.derive_plan_id(act.office_id, sha256)
    created = await store.add_plan(
        db,
        {
            "plan_id": plan_id,
            "office_id": act.office_id,
            "document_name": name,
            "document": document,
            "sha256": sha256,
            "parsed": parsed.model_dump(mode="json"),
            "source": reading.source.model_dump(mode="json"),
            "title": parsed.title,
            "year": parsed.year,
            "issuer": parsed.issuer,
            "status": PlanStatus.DRAFT,
            "imported_at": act.now,
            "imported_by": act.actor,
        },
    )
    if created:
        await store.add_measures(db, list_measure_rows(act, plan_id, parsed))
        after = {"document": name, "sha256": sha256, "title": parsed.title}
        await note(db, act, "plan.imported", plan_id, after=after)
    return await view_plan(db, act, plan_id, created=created)


async def view_plan(
    db: AsyncConnection, act: Act, plan_id: UUID, *, created: bool = False
) -> PlanView:
    """A plan with its measures; for an actor of a unit only what was published.

    Raises:
        RefusedError: no such plan, or the actor may not see it.
    """
    plan = await get_plan(db, act, plan_id)
    if act.unit_id is not None and plan.status is not PlanStatus.PUBLISHED:
        raise _make_refusal()
    stored = await store.list_measures(db, plan_id)
    if plan.revised_by:  # measures that a revision added have the last ordinals
        stored = sorted(stored, key=lambda measure: rank_ref(measure.ref))
    decisions = await store.list_decisions(db, plan.revises or plan_id, plan_id)
    known = await load_directory(db, act.office_id)
    measures = tuple(view_measure(measure, plan.year) for measure in stored)
    whole = PlanView(
        plan_id=plan.plan_id,
        title=plan.title,
        year=plan.year,
        issuer=plan.issuer,
        status=plan.status,
        document_name=plan.document_name,
        imported_at=plan.imported_at,
        imported_by=plan.imported_by,
        published_at=plan.published_at,
        revises=plan.revises,
        revised_by=plan.revised_by,
        joint=plan.joint,
        tasks=_count_tasks(measures),
        measures=measures,
        open=tuple(OpenMeasure(m.ref, m.open, m.text) for m in measures if m.open),
        unknown_names=list_unknown_names(stored, known, to_decisions(decisions)),
        decisions=tuple(decisions),
        warnings=tuple(await store.list_warnings(db, plan_id)),
        doubts=list_plan_doubts(plan),
        version=plan.version,
        created=created,
    )
    return whole if act.unit_id is None else _restrict_plan(whole)


def _count_tasks(measures: Iterable[MeasureView]) -> int:
    return len({measure.ref.partition(".")[0] for measure in measures})


def _restrict_plan(plan: PlanView) -> PlanView:
    """What a unit may see of a published plan: the published measures."""
    published = tuple(restrict_measure(measure) for measure in plan.measures if measure.published)
    return replace(
        plan,
        tasks=_count_tasks(published),
        measures=published,
        open=(),
        unknown_names=(),
        decisions=(),
        warnings=(),
        doubts=(),
    )


async def get_plan(
    db: AsyncConnection, act: Act, plan_id: UUID, *, lock: bool = False
) -> StoredPlan:
    """A plan; with `lock` it is locked until the transaction ends.

    Raises:
        RefusedError: the office has no such plan.
    """
    plan = await store.find_plan(db, act.office_id, plan_id, lock=lock)
    if plan is None:
        raise _make_refusal()
    return plan


def _make_refusal() -> RefusedError:
    return RefusedError(Fault.NOT_FOUND, "没有这份任务表。There is no such plan.")


def require_open(plan: StoredPlan) -> None:
    """Make sure that the measures of a plan or revision may still be settled.

    Raises:
        RefusedError: it is a confirmed revision: its measures are now those of its plan.
    """
    if plan.status is PlanStatus.CONFIRMED:
        raise RefusedError(
            Fault.CONFLICT,
            "这份修订已确认，不能再改。This revision was confirmed and is closed.",
            f"请在原任务表上继续：{plan.revises}。"
            f"Go on with the plan that it revised: {plan.revises}.",
        )


async def list_page(
    db: AsyncConnection, act: Act, after: UUID | None, limit: int
) -> list[PlanOverview]:
    """The office's plans by id, after one of them; for an actor of a unit the published ones."""
    published = act.unit_id is not None
    return await store.list_page(db, act.office_id, after, limit, published=published)
