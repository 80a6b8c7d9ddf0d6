"""Compares the emitted reminders with the expected ones, and finds a reason for each difference.

Pure. A difference that the rules allow is *explained*: catch-up after an outage left it out, or a
fact or a rule book was published so close to the slot that the scheduler may or may not have known
it. Every other difference counts as a fault.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.planning.difference_reasons import DifferenceReason, ReasonFinder, UnitAudit
from shared.planning.expected import ReminderKey, compute_expected
from shared.schemas.rules import Audience


class DifferenceKind(StrEnum):
    """How a reminder differs."""

    MISSING = "missing"
    EXTRA = "extra"
    ITEMS_DIFFER = "items-differ"


_GRAVITY = {reason: place for place, reason in enumerate(DifferenceReason)}


@dataclass(frozen=True, slots=True)
class Difference:
    """A reminder that differs, and the obligations whose items differ.

    `explained`: the rules allow the difference.
    """

    unit_id: UUID
    audience: Audience
    slot: datetime
    kind: DifferenceKind
    reason: DifferenceReason
    obligations: tuple[UUID, ...]
    explained: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result for one unit: the numbers of reminders, and the differences by slot.

    `unknown`: obligations whose recorded history begins after some slot.
    """

    expected: int
    emitted: int
    differences: list[Difference]
    unknown: frozenset[UUID]


def compare(unit: UnitAudit, first: datetime, last: datetime) -> Comparison:
    """Compare one unit's reminders of the slots from `first` to `last`, both included."""
    should = compute_expected(unit.times, unit.histories.values(), first, last)
    there = {key: reminder for key, reminder in unit.emitted.items() if first <= key[0] <= last}
    unknown: set[UUID] = set()
    finder = ReasonFinder(unit)
    differences = []
    keys = sorted({*should, *there}, key=lambda key: (key[0], key[1].value))
    for key in keys:
        wanted = should.get(key, {})
        had = there[key].items if key in there else {}
        differing = [
            (obligation_id, had.get(obligation_id))
            for obligation_id in sorted({*wanted, *had}, key=str)
            if wanted.get(obligation_id) != had.get(obligation_id)
        ]
        blind = {each for each, _ in differing if not _is_known(unit, each, key[0])}
        unknown.update(blind)
        judged = [
            (obligation_id, *finder.find_reason(key, obligation_id, item))
            for obligation_id, item in differing
            if obligation_id not in blind
        ]
        if judged:
            kind = _classify(key, should, there)
            differences.append(_build_difference(unit.unit_id, key, kind, judged))
    return Comparison(len(should), len(there), differences, frozenset(unknown))


def _is_known(unit: UnitAudit, obligation_id: UUID, slot: datetime) -> bool:
    history = unit.histories.get(obligation_id)
    return history is None or history.is_known_at(slot)


def _classify(
    key: ReminderKey, should: Collection[ReminderKey], there: Collection[ReminderKey]
) -> DifferenceKind:
    if key not in there:
        return DifferenceKind.MISSING
    return DifferenceKind.ITEMS_DIFFER if key in should else DifferenceKind.EXTRA


def _build_difference(
    unit_id: UUID,
    key: ReminderKey,
    kind: DifferenceKind,
    judged: Iterable[tuple[UUID, DifferenceReason, bool]],
) -> Difference:
    """The difference of a reminder: its unexplained items, or else its explained ones."""
    every = list(judged)
    faults = [item for item in every if not item[2]] or every
    reason = min((reason for _, reason, _ in faults), key=_GRAVITY.__getitem__)
    ids = tuple(obligation_id for obligation_id, _, _ in faults)
    return Difference(unit_id, key[1], key[0], kind, reason, ids, explained=faults[0][2])
