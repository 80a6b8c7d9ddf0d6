"""Plans: a document becomes a draft, and a draft is shown with all that is still open."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import Decision, Directory, Proposal, near, resolve
from services.ingest.extraction.models import ParsedPlan, Task
from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.handlers.units import load_directory
from services.ingest.lifecycle import Draft, Duty, Per, drafts
from services.ingest.store import plans as store
from services.ingest.tables import AnyRow
from shared import identity

_MOST_LOOKED_UP = 50
"""Near matches are looked up for so many names; a plan with more has another problem."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that the directory does not know, where it stands, and what looks near."""

    name: str
    refs: tuple[str, ...]
    near: tuple[Proposal, ...]


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
    plan_id = identity.plan_id(act.office_id, sha256)
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
        await store.add_measures(db, _measures(act, plan_id, parsed))
        told = {"document": name, "sha256": sha256, "title": parsed.title}
        await note(db, act, "plan.imported", plan_id, after=told)
    return await view(db, act, plan_id, created=made)


def _measures(act: Act, plan_id: UUID, parsed: ParsedPlan) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for task in parsed.tasks:
        for number, measure in enumerate(task.measures, start=1):
            ref = _unique(f"{task.number}.{number}", seen)
            rows.append(
                {
                    "measure_id": identity.measure_id(plan_id, ref),
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
                }
            )
    return rows


def _names(task: Task) -> list[str]:
    """Everyone who is responsible: those who lead are, even where they stand in a lead column."""
    return list(dict.fromkeys((*task.responsible.lead, *task.responsible.names)))


def _unique(ref: str, seen: dict[str, int]) -> str:
    """A ref that no other measure has, also where the document numbers two rows alike."""
    seen[ref] = seen.get(ref, 0) + 1
    return ref if seen[ref] == 1 else f"{ref}~{seen[ref]}"


def duty(row: AnyRow, year: int | None) -> Duty:
    """A stored measure, as the lifecycle reads it."""
    recurrence = row.recurrence or {}
    return Duty(
        text=row.text,
        due=tuple(date.fromisoformat(day) for day in row.due),
        continuous=row.continuous,
        per=Per(recurrence["per"]) if recurrence else None,
        at_least=recurrence.get("at_least", 1),
        year=year,
    )


def open_codes(row: AnyRow, made: Sequence[Draft]) -> tuple[str, ...]:
    """Why a measure can't be published: its unsettled codes, no date, or nobody responsible."""
    if row.settlement == "drop":
        return ()
    codes = [] if row.settlement else list(row.codes)
    if not made and "no-deadline" not in codes:
        codes.append("no-deadline")
    if not row.names and not row.lead:
        codes.append("no-unit")
    return tuple(codes)


def decided(rows: Sequence[AnyRow]) -> dict[str, Decision]:
    """Stored decisions about names, as the expansion reads them."""
    return {row.name: Decision(tuple(map(UUID, row.unit_ids))) for row in rows}


def unknown(
    rows: Sequence[AnyRow], known: Directory, decisions: Mapping[str, Decision]
) -> tuple[UnknownName, ...]:
    """The names in measures that nobody can resolve, in the document's order."""
    refs: dict[str, list[str]] = {}
    for row in rows:
        if row.settlement != "drop":
            for name in dict.fromkeys((*row.names, *row.lead)):
                refs.setdefault(name, []).append(row.ref)
    lost = [name for name in refs if resolve(name, known, decisions) is None]
    return tuple(
        UnknownName(name, tuple(refs[name]), near(name, known) if i < _MOST_LOOKED_UP else ())
        for i, name in enumerate(lost)
    )


async def view(db: AsyncConnection, act: Act, plan_id: UUID, *, created: bool = False) -> PlanView:
    """A plan with everything about it.

    Raises:
        RefusedError: the office has no such plan.
    """
    plan = await found(db, act, plan_id)
    rows = await store.measures(db, plan_id)
    decisions = await store.decisions(db, plan_id)
    known = await load_directory(db, act.office_id)
    measures = tuple(_measure_view(row, plan.year) for row in rows)
    return PlanView(
        plan_id=plan.plan_id,
        title=plan.title,
        year=plan.year,
        issuer=plan.issuer,
        status=plan.status,
        document_name=plan.document_name,
        imported_at=plan.imported_at,
        imported_by=plan.imported_by,
        published_at=plan.published_at,
        tasks=len({row.ref.partition(".")[0] for row in rows}),
        measures=measures,
        open=tuple(OpenMeasure(m.ref, m.open, m.text) for m in measures if m.open),
        unknown_names=unknown(rows, known, decided(decisions)),
        decisions=tuple(dict(row._mapping) for row in decisions),  # noqa: SLF001 - SQLAlchemy's public name
        warnings=tuple(await store.warnings(db, plan_id)),
        created=created,
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
        open=open_codes(row, drafts(duty(row, year))),
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
        raise RefusedError(Fault.NOT_FOUND, "There is no such plan.")
    return row


async def page(db: AsyncConnection, act: Act, after: UUID | None, limit: int) -> Sequence[AnyRow]:
    """The office's plans, by id."""
    return await store.page(db, act.office_id, after, limit)
