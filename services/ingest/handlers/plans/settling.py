"""What a person settles before a plan is published: doubtful measures, and unknown names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.expansion import resolve
from services.ingest.handlers.acting import Act, Fault, RefusedError, note
from services.ingest.handlers.plans.doubts import duty
from services.ingest.handlers.plans.plans import PlanView, found, still_open, view
from services.ingest.handlers.units.units import load_directory
from services.ingest.lifecycle import derive_obligations
from services.ingest.store import plans as store
from services.ingest.tables import AnyRow

_SETTLED = ("text", "due", "continuous", "recurrence", "names", "lead", "settlement", "settled")
_WHEN = frozenset({"due", "continuous", "recurrence"})
_WHO = frozenset({"names", "lead"})
_ABOUT_UNITS = frozenset({"actor-in-text", "no-unit"})
_WORDS = "not-understood"


class Action(StrEnum):
    """What a person does with a measure."""

    ACCEPT = "accept"
    CHANGE = "change"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a measure was settled.

    Attributes:
        changes: the fields that get another value.
        codes: the points that are accepted; all of them where none is named.
    """

    ref: str
    action: Action
    reason: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    codes: Sequence[str] = ()


async def settle(db: AsyncConnection, act: Act, plan_id: UUID, settlement: Settlement) -> PlanView:
    """Accept, change or drop a measure that is not yet published; the last word counts.

    Each doubtful point is settled by itself: a change answers those that its fields are about,
    accepting waives the others, by name or all of them.

    Raises:
        RefusedError: no such plan or measure, it is published, or it would still have no date.
    """
    plan = await found(db, act, plan_id, lock=True)
    still_open(plan)
    row = _measure(await store.measures(db, plan_id), settlement.ref)
    if row.published_at is not None:
        raise RefusedError(
            Fault.CONFLICT,
            f"Measure {settlement.ref} is published.",
            "Extend its obligations, or revise the plan by a document.",
        )
    _check(row, settlement)
    values = {
        **settlement.changes,
        "settlement": settlement.action.value,
        "settled": [code for code in row.codes if _answered(row, code, settlement)],
        "settled_by": act.actor,
        "settled_at": act.now,
        "settled_why": settlement.reason,
    }
    await store.set_measure(db, row.measure_id, values)
    await store.advance(db, plan_id)
    after = _measure(await store.measures(db, plan_id), settlement.ref)
    _check_after(after, plan.year, settlement)
    told = {"reason": settlement.reason, **_facts(after)}
    await note(db, act, "measure.settled", row.measure_id, before=_facts(row), after=told)
    return await view(db, act, plan_id)


def _check(row: AnyRow, settlement: Settlement) -> None:
    if (settlement.action is Action.CHANGE) is not bool(settlement.changes):
        raise RefusedError(
            Fault.INVALID,
            "`change` needs at least one changed field, and no other action takes any.",
        )
    if settlement.codes and settlement.action is not Action.ACCEPT:
        raise RefusedError(Fault.INVALID, "Only `accept` takes codes.")
    if lost := [code for code in settlement.codes if code not in row.codes]:
        raise RefusedError(
            Fault.INVALID,
            f"Measure {row.ref} has no point {' '.join(lost)}.",
            f"Its points are {' '.join(row.codes) or 'none'}.",
        )


def _check_after(after: AnyRow, year: int | None, settlement: Settlement) -> None:
    about_when = settlement.action is Action.ACCEPT or not _WHEN.isdisjoint(settlement.changes)
    if settlement.action is Action.DROP:
        return
    if about_when and not settlement.codes and not derive_obligations(duty(after, year)):
        raise RefusedError(
            Fault.INVALID,
            f"Measure {settlement.ref} would have no date.",
            "Change it: give `due` dates, or say that it is `continuous`.",
        )
    if settlement.action is Action.ACCEPT and not (after.names or after.lead):
        raise RefusedError(
            Fault.INVALID,
            f"Measure {settlement.ref} would have no unit.",
            "Change it: give `names`.",
        )


def _answered(row: AnyRow, code: str, settlement: Settlement) -> bool:
    """Whether a point is settled once this settlement is made."""
    match settlement.action:
        case Action.DROP:
            return code in row.settled
        case Action.ACCEPT:
            return code in row.settled or not settlement.codes or code in settlement.codes
        case Action.CHANGE:
            about = _WHO if code in _ABOUT_UNITS else _WHEN
            if code == _WORDS:  # whichever field a person has set right
                return True
            return code in row.settled or not about.isdisjoint(settlement.changes)


def _facts(row: AnyRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _SETTLED}


def _measure(rows: Sequence[AnyRow], ref: str) -> AnyRow:
    for row in rows:
        if row.ref == ref:
            return row
    raise RefusedError(Fault.NOT_FOUND, f"The plan has no measure {ref}.")


@dataclass(frozen=True, slots=True)
class NameDecision:
    """Which units a name means, by name or id; or that it means none that owes anything."""

    name: str
    units: tuple[str, ...]
    ignore: bool
    reason: str


async def decide(db: AsyncConnection, act: Act, plan_id: UUID, decision: NameDecision) -> PlanView:
    """Say what a name in a plan means; the last word counts.

    Raises:
        RefusedError: no such plan, the plan does not hold the name, or a unit is unknown.
    """
    still_open(await found(db, act, plan_id, lock=True))
    rows = await store.measures(db, plan_id)
    if not any(decision.name in (*row.names, *row.lead) for row in rows):
        raise RefusedError(Fault.NOT_FOUND, "The plan does not hold this name.")
    if decision.ignore is bool(decision.units):
        raise RefusedError(Fault.INVALID, "Name `units`, or set `ignore`: one of the two.")
    unit_ids = await _units(db, act, decision.units)
    before = {row.name: row for row in await store.decisions(db, plan_id)}.get(decision.name)
    after = {
        "name": decision.name,
        "unit_ids": [str(unit_id) for unit_id in unit_ids],
        "ignored": decision.ignore,
        "reason": decision.reason,
    }
    await store.decide(
        db,
        {
            **after,
            "plan_id": plan_id,
            "office_id": act.office_id,
            "decided_by": act.actor,
            "decided_at": act.now,
        },
    )
    await store.advance(db, plan_id)
    was = {name: getattr(before, name) for name in after} if before else {}
    await note(db, act, "name.decided", plan_id, before=was, after=after)
    return await view(db, act, plan_id)


async def _units(db: AsyncConnection, act: Act, wanted: Sequence[str]) -> list[UUID]:
    known = await load_directory(db, act.office_id)
    found_ids: dict[UUID, None] = {}
    lost: list[str] = []
    for name in wanted:
        ids = _by_id(name, known.units) or resolve(name, known, {}) or ()
        found_ids.update(dict.fromkeys(ids))
        if not ids:
            lost.append(name)
    if lost:
        raise RefusedError(
            Fault.INVALID,
            f"The directory does not know {'、'.join(lost[:10])}.",
            "Import the unit first, or name another.",
            [{"name": name} for name in lost[:100]],
        )
    return list(found_ids)


def _by_id(text: str, units: Mapping[UUID, object]) -> tuple[UUID, ...]:
    try:
        unit_id = UUID(text)
    except ValueError:
        return ()
    return (unit_id,) if unit_id in units else ()
