"""Finds the likely reason why an emitted reminder differs from the expected one. Pure."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from shared.planning.expected import (
    Era,
    ExpectedItem,
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    compute_item,
    keep_version_steps,
)
from shared.planning.firings import Firings, is_behind
from shared.rules.steps import list_hearers
from shared.schemas.mutes import Mute
from shared.schemas.rules import CatchUp


class DifferenceReason(StrEnum):
    """The likely reason why a reminder differs, the gravest first."""

    NEVER_FIRED = "never-fired"
    """It was expected, and nothing explains why it is missing."""
    NOT_OWED = "not-owed"
    """Nothing in the ledger requires it."""
    FIRED_INCOMPLETE = "fired-incomplete"
    """The scheduler fired it before it knew every fact, and marked it as incomplete."""
    FACT_APPLIED_LATE = "fact-applied-late"
    """It does not reflect a fact that was published before the slot."""
    RULES_CHANGED = "rule-book-changed-meanwhile"
    """It follows another rule book, published near the slot or before it fired."""
    CALENDAR_CHANGED = "calendar-changed"
    """It follows another calendar, published near the slot or before it fired."""
    MUTE_CHANGED = "mute-changed"
    """A mute was recorded or ended near the slot, or before it fired."""
    FIRED_LATE = "fired-late"
    """It fired late, and a fact was published between the slot and the firing."""
    CATCH_UP = "catch-up-left-out"
    """Its slot fell into an outage, and the rule's catch-up left it out."""


@dataclass(frozen=True, slots=True)
class ComparisonLimits:
    """The limits of the comparison.

    Attributes:
        tolerance: the scheduler may or may not know a fact that was published within this time of
            a slot; a reminder that fires later than this after its slot fired late.
        reach: how long before a slot to search for a fact that was applied late.
        skip_grace: the scheduler's setting: how late a rule with catch-up `skip` still fires.
    """

    tolerance: timedelta = timedelta(minutes=2)
    reach: timedelta = timedelta(days=1)
    skip_grace: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class Emitted:
    """An emitted reminder, all its parts joined."""

    items: dict[UUID, ExpectedItem]
    fired_at: datetime
    complete: bool = True


@dataclass(slots=True)
class UnitAudit:
    """The input of the comparison for one unit: its obligations and its emitted reminders.

    `emitted` also holds slots after the compared ones, which show what catch-up did.
    """

    unit_id: UUID
    times: Sequence[Era]
    histories: Mapping[UUID, ObligationHistory]
    emitted: Mapping[ReminderKey, Emitted]
    office: Firings
    limits: ComparisonLimits = field(default_factory=ComparisonLimits)


class ReasonFinder:
    """Finds the reasons of one unit's differences."""

    def __init__(self, unit: UnitAudit) -> None:
        self._unit = unit
        self._limits = unit.limits
        behind: dict[datetime, bool] = {}
        self._fired: dict[datetime, Emitted] = {}
        for (slot, _), reminder in unit.emitted.items():
            late = is_behind(slot, reminder.fired_at, self._limits.tolerance)
            behind[reminder.fired_at] = behind.get(reminder.fired_at, False) or late
            known = self._fired.get(slot)
            if known is None or known.fired_at < reminder.fired_at:
                self._fired[slot] = reminder
        self._own = Firings(behind)
        self._incomplete = {
            at for (at, _), reminder in unit.emitted.items() if not reminder.complete
        }
        self._in_order = sorted(
            ((reminder.fired_at, at, reminder.items) for (at, _), reminder in unit.emitted.items()),
            key=lambda row: row[0],
        )
        self._came_back: dict[datetime, datetime | None] = {}

    def find_reason(
        self, key: ReminderKey, obligation_id: UUID, item: ExpectedItem | None
    ) -> tuple[DifferenceReason, bool]:
        """The likely reason for an obligation's `item` in a reminder, and whether it is allowed."""
        slot = key[0]
        limits, fired = self._limits, self._fired.get(slot)
        resumed = fired.fired_at if fired else self._get_resumed(slot)
        until = max(slot + limits.tolerance, resumed or slot)
        near = self._match_change(key, obligation_id, item, (slot - limits.tolerance, until))
        if near is not None:
            return near, True
        if item is None and self._is_left_out(key, obligation_id, resumed):
            return DifferenceReason.CATCH_UP, True
        if fired is None:
            return DifferenceReason.NEVER_FIRED, False
        if slot in self._incomplete:
            return DifferenceReason.FIRED_INCOMPLETE, False
        far = self._match_change(key, obligation_id, item, (slot - limits.reach, until))
        return far or (
            DifferenceReason.NEVER_FIRED if item is None else DifferenceReason.NOT_OWED
        ), False

    def _match_change(
        self,
        key: ReminderKey,
        obligation_id: UUID,
        item: ExpectedItem | None,
        span: tuple[datetime, datetime],
    ) -> DifferenceReason | None:
        """The change within a span that the reminder does not reflect yet, or reflects already."""
        slot = key[0]
        history = self._unit.histories.get(obligation_id)
        versions = [v for v in history.versions if v.overlaps(*span)] if history else []
        mutes = history.mutes if history else ()
        times = [era for era in self._unit.times if era.overlaps(*span)]
        at_slot = next((era for era in times if era.overlaps(slot, slot)), None)
        if at_slot is not None:
            for version in versions:
                if compute_item(at_slot, version, key, mutes) == item:
                    late = version.since > slot or (version.until or slot) > slot
                    return (
                        DifferenceReason.FIRED_LATE if late else DifferenceReason.FACT_APPLIED_LATE
                    )
            if item is None and versions and versions[0].since >= span[0]:
                return (
                    DifferenceReason.FACT_APPLIED_LATE
                )  # nothing was owed at the span's beginning
        for era in times:
            if any(compute_item(era, version, key, mutes) == item for version in versions):
                return self._name_change(at_slot, era)
        if at_slot is not None and _match_mute(at_slot, versions, key, item, (mutes, span)):
            return DifferenceReason.MUTE_CHANGED
        if item is None and times and times[0].since >= span[0] and versions:
            return DifferenceReason.RULES_CHANGED  # nothing was in force at the span's beginning
        return None

    def _name_change(self, at_slot: Era | None, other: Era) -> DifferenceReason:
        same = at_slot is not None and at_slot.timetable.book == other.timetable.book
        return DifferenceReason.CALENDAR_CHANGED if same else DifferenceReason.RULES_CHANGED

    def _get_resumed(self, slot: datetime) -> datetime | None:
        """When the scheduler resumed after the outage of a slot; None when there was no outage."""
        if slot not in self._came_back:
            self._came_back[slot] = self._find_resumed(slot)
        return self._came_back[slot]

    def _find_resumed(self, slot: datetime) -> datetime | None:
        tolerance = self._limits.tolerance
        own = self._own.find_catch_up(slot)
        if own is not None and not self._unit.office.is_steady(slot + tolerance, own - tolerance):
            return own
        return self._unit.office.find_catch_up(slot)

    def _is_left_out(self, key: ReminderKey, obligation_id: UUID, resumed: datetime | None) -> bool:
        """Whether the catch-up of every rule for the slot left it out."""
        modes = set(self._list_catch_ups(key, obligation_id))
        if not modes or CatchUp.ALL in modes:
            return False
        skipped = CatchUp.SKIP not in modes or self._is_skipped(key[0], resumed)
        newest = CatchUp.LATEST not in modes or (
            resumed is not None and self._is_overtaken(key[0], obligation_id, resumed)
        )
        return skipped and newest

    def _list_catch_ups(self, key: ReminderKey, obligation_id: UUID) -> Iterator[CatchUp]:
        slot, audience = key
        for version in self._unit.histories[obligation_id].versions:
            for era in self._unit.times:
                if not (
                    era.since < slot and era.overlaps(slot, slot) and version.overlaps(slot, slot)
                ):
                    continue
                traits = version.dates.traits
                for rule in era.timetable.book.rules:
                    for occurrence in era.timetable.list_between(rule, version.dates, slot, slot):
                        kept = keep_version_steps(era.timetable, version, rule, occurrence)
                        hearers = list_hearers(kept, occurrence, traits)
                        if any(hearer.audience is audience for hearer in hearers):
                            yield rule.catch_up

    def _is_skipped(self, slot: datetime, resumed: datetime | None) -> bool:
        """Whether nothing fired while a rule with catch-up `skip` could still fire."""
        after = slot + self._limits.skip_grace
        if resumed is not None:
            return resumed > after
        first = self._unit.office.find_first(slot)
        return first is not None and first > after

    def _is_overtaken(self, slot: datetime, obligation_id: UUID, resumed: datetime) -> bool:
        """Whether the scheduler fired a newer slot in place of this one when it resumed."""
        until = resumed + self._limits.tolerance
        place = bisect_left(self._in_order, resumed, key=lambda row: row[0])
        for fired_at, at, items in self._in_order[place:]:
            if fired_at > until:
                return False
            if at > slot and obligation_id in items:
                return True
        return False


def _match_mute(
    at_slot: Era,
    versions: Sequence[ObligationVersion],
    key: ReminderKey,
    item: ExpectedItem | None,
    changing: tuple[Sequence[Mute], tuple[datetime, datetime]],
) -> bool:
    """Whether the item is that of who does not know a change of mutes within a span."""
    mutes, (first, last) = changing
    changed = {
        mute.mute_id
        for mute in mutes
        for at in (mute.muted_at, mute.ended_at)
        if at is not None and first <= at <= last
    }
    kept = [mute for mute in mutes if mute.mute_id not in changed]
    lasting = [mute.model_copy(update={"ended_at": None}) for mute in mutes]
    return bool(changed) and any(
        compute_item(at_slot, version, key, tried) == item
        for version in versions
        for tried in (kept, lasting)
    )
