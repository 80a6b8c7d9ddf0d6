"""Plans: a document becomes a draft, and a draft is shown with all that is still open."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.extraction.models import ParsedPlan, Task
from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.handlers.plans.doubts import UnknownName, decided, duty, open_codes, unknown
from services.ingest.handlers.units.units import load_directory
from services.ingest.lifecycle import derive_obligations
from services.ingest.store import plans as store
from services.ingest.tables import AnyRow
from shared.schemas import identity


@dataclass(frozen=True, slots=True)
class OpenMeasure:
    """A measure that a person must settle, and why."""

    ref: str
    codes: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class MeasureView:
    """A measure as it now stands. `open` names why it can't be published yet."""

    ref: str
    task_name: str
    text: str
    due: tuple[date, ...]
    continuous: bool
    recurrence: Mapping[str, Any] | None
    names: tuple[str, ...]
    lead: tuple[str, ...]
    codes: tuple[str, ...]
    settled: tuple[str, ...]
    open: tuple[str, ...]
    settlement: str | None
    settled_by: str | None
    settled_at: datetime | None
    settled_why: str | None
    published: bool


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan with its measures."""

    plan_id: UUID
    title: str | None
    year: int | None
    issuer: str | None
    status: str
    document_name: str
    imported_at: datetime
    imported_by: str
    published_at: datetime | None
    revises: UUID | None
    revised_by: UUID | None
    tasks: int
    measures: tuple[MeasureView, ...]
    open: tuple[OpenMeasure, ...]
    unknown_names: tuple[UnknownName, ...]
    decisions: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[Mapping[str, Any], ...] = ()
    created: bool = field(default=False)


async def import_plan(
    db: AsyncConnection, act: Act, name: str, data: bytes, parsed: ParsedPlan
) -> PlanView:
    """Enter a document as a draft; the same document again is the same draft, unchanged.

    `created` tells which of the two it was.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    plan_id = identity.derive_plan_id(act.office_id, sha256)
    made = await store.add_plan(
        db,
        {
            "plan_id": plan_id,
            "office_id": act.office_id,
            "document_name": name,
            "document": data,
            "sha256": sha256,
            "parsed": parsed.model_dump(mode="json"),
            "title": parsed.title,
            "year": parsed.year,
            "issuer": parsed.issuer,
            "status": "draft",
            "imported_at": act.now,
            "imported_by": act.actor,
        },
    )
    if made:
        await store.add_measures(db, measure_rows(act, plan_id, parsed))
        told = {"document": name, "sha256": sha256, "title": parsed.title}
        await note(db, act, "plan.imported", plan_id, after=told)
    return await view(db, act, plan_id, created=made)


def measure_rows(act: Act, plan_id: UUID, parsed: ParsedPlan) -> list[dict[str, Any]]:
    """The measures of a document as it was read, as they are stored."""
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for task in parsed.tasks:
        for number, measure in enumerate(task.measures, start=1):
            ref = _unique(f"{task.number}.{number}", seen)
            rows.append(
                {
                    "measure_id": identity.derive_measure_id(plan_id, ref),
                    "plan_id": plan_id,
                    "office_id": act.office_id,
                    "ordinal": len(rows) + 1,
                    "ref": ref,
                    "task_name": task.name,
                    "text": measure.text,
                    "due": [day.isoformat() for day in measure.due],
                    "continuous": measure.continuous,
                    "recurrence": (
                        measure.recurrence.model_dump(mode="json") if measure.recurrence else None
                    ),
                    "names": _names(task),
                    "lead": list(task.responsible.lead),
                    "codes": [code.value for code in measure.review],
                    "settled": [],
                }
            )
    return rows


def _names(task: Task) -> list[str]:
    """Everyone who is responsible: those who lead are, even where they stand in a lead column."""
    return list(dict.fromkeys((*task.responsible.lead, *task.responsible.names)))


def _place(ref: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", ref)]


def _unique(ref: str, seen: dict[str, int]) -> str:
    """A ref that no other measure has, also where the document numbers two rows alike."""
    seen[ref] = seen.get(ref, 0) + 1
    return ref if seen[ref] == 1 else f"{ref}~{seen[ref]}"


async def view(db: AsyncConnection, act: Act, plan_id: UUID, *, created: bool = False) -> PlanView:
    """A plan with everything about it; for a unit with what was published.

    Raises:
        RefusedError: the office has no such plan, or the unit may not know of it.
    """
    plan = await found(db, act, plan_id)
    if act.unit_id is not None and plan.status != "published":
        raise _no_plan()
    rows = await store.measures(db, plan_id)
    if plan.revised_by:  # what revisions added stands behind the rest in the ledger
        rows = sorted(rows, key=lambda row: _place(row.ref))
    decisions = await store.decisions(db, plan.revises or plan_id, plan_id)
    known = await load_directory(db, act.office_id)
    measures = tuple(_measure_view(row, plan.year) for row in rows)
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
        tasks=len({row.ref.partition(".")[0] for row in rows}),
        measures=measures,
        open=tuple(OpenMeasure(m.ref, m.open, m.text) for m in measures if m.open),
        unknown_names=unknown(rows, known, decided(decisions)),
        decisions=tuple(dict(row._mapping) for row in decisions),  # noqa: SLF001 - SQLAlchemy's public name
        warnings=tuple(await store.warnings(db, plan_id)),
        created=created,
    )
    return whole if act.unit_id is None else _for_unit(whole)


def _for_unit(plan: PlanView) -> PlanView:
    """What a unit may see of a published plan: the measures that were published, as they stand."""
    told = tuple(_told(one) for one in plan.measures if one.published)
    tasks = len({one.ref.partition(".")[0] for one in told})
    return replace(
        plan, tasks=tasks, measures=told, open=(), unknown_names=(), decisions=(), warnings=()
    )


def _told(measure: MeasureView) -> MeasureView:
    """A measure without what the office doubted and settled."""
    return replace(
        measure,
        codes=(),
        settled=(),
        open=(),
        settlement=None,
        settled_by=None,
        settled_at=None,
        settled_why=None,
    )


def _measure_view(row: AnyRow, year: int | None) -> MeasureView:
    return MeasureView(
        ref=row.ref,
        task_name=row.task_name,
        text=row.text,
        due=tuple(date.fromisoformat(day) for day in row.due),
        continuous=row.continuous,
        recurrence=row.recurrence,
        names=tuple(row.names),
        lead=tuple(row.lead),
        codes=tuple(row.codes),
        settled=tuple(row.settled),
        open=open_codes(row, derive_obligations(duty(row, year))),
        settlement=row.settlement,
        settled_by=row.settled_by,
        settled_at=row.settled_at,
        settled_why=row.settled_why,
        published=row.published_at is not None,
    )


async def found(db: AsyncConnection, act: Act, plan_id: UUID, *, lock: bool = False) -> AnyRow:
    """A plan's row; with `lock` it is held until the transaction ends.

    Raises:
        RefusedError: the office has no such plan.
    """
    row = await store.plan(db, act.office_id, plan_id, lock=lock)
    if row is None:
        raise _no_plan()
    return row


def _no_plan() -> RefusedError:
    return RefusedError(Fault.NOT_FOUND, "There is no such plan.")


def still_open(plan: AnyRow) -> None:
    """Make sure that people may still settle what a plan, or a revision, says.

    Raises:
        RefusedError: it is a revision that was confirmed: the plan itself goes on.
    """
    if plan.status == "confirmed":
        raise RefusedError(
            Fault.CONFLICT,
            "This revision was confirmed and is closed.",
            f"Go on with the plan that it revised: {plan.revises}.",
        )


async def page(db: AsyncConnection, act: Act, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The office's plans, by id; for a unit those that are published."""
    published = act.unit_id is not None
    return await store.page(db, act.office_id, after, limit, published=published)
