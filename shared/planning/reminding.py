"""Turns due timers into reminders: one for each audience and slot of a unit. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from shared.planning.digests import MessageContent, SlotDigest
from shared.planning.silencing import Silence
from shared.planning.timers import Timer, choose_occurrences
from shared.planning.timetable import Timetable
from shared.rules.book import Rule
from shared.rules.occurrences import Dates, Occurrence
from shared.rules.selecting import NOTHING_TOLD, Traits
from shared.schemas import identity
from shared.schemas.events import ReminderDue
from shared.schemas.facts import ReminderItem
from shared.schemas.mutes import Mute, NotFired
from shared.schemas.refs import rank_ref
from shared.schemas.rules import Audience


@dataclass(frozen=True, slots=True)
class ReminderMeasure:
    """A measure as a reminder shows it."""

    ref: str
    task_name: str
    text: str
    plan_title: str


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A due timer with the content of its reminder item.

    `measure_id`: mutes of tasks ask for it. `told_traits`: as they are now, beside lead and number.
    `owed_since`: as in `Timetable.keep_steps`.
    """

    timer: Timer
    dates: Dates
    lead: bool
    measure: ReminderMeasure
    measure_id: UUID | None = None
    told_traits: Traits = NOTHING_TOLD
    owed_since: datetime | None = None

    @property
    def traits(self) -> Traits:
        """What conditions ask of the obligation, as it is now."""
        return replace(self.told_traits, lead=self.lead, ref=self.measure.ref)


@dataclass(frozen=True, slots=True)
class FiringResult:
    """The result of firing a unit's timers.

    Attributes:
        reminders: in order of slot, then of audience.
        moved: timers with their next instant, and their newest fired slot.
        ended: timers without a next instant, with their newest fired slot.
        passed_over: the number of occurrences that catch-up left out.
        until: the newest slot that fired; None when none did.
        not_fired: what was not sent on purpose.
    """

    reminders: list[ReminderDue]
    moved: list[Timer]
    ended: list[Timer]
    passed_over: int
    until: datetime | None
    not_fired: list[NotFired] = field(default_factory=list)


PartCounts = Mapping[tuple[Audience, datetime], int]
"""The number of existing reminders of a unit, by audience and slot."""


@dataclass(slots=True)
class _Firing:
    """Collects the reminders of one unit's due timers."""

    timetable: Timetable
    now: datetime
    grace: timedelta
    upto: datetime
    silence: Silence
    digests: dict[tuple[datetime, Audience], SlotDigest[DueTimer]] = field(
        default_factory=lambda: defaultdict(SlotDigest)
    )
    moved: list[Timer] = field(default_factory=list)
    ended: list[Timer] = field(default_factory=list)
    passed_over: int = 0

    def fire(self, owed: DueTimer) -> None:
        """Add a timer's occurrences to the digests, and move or end the timer.

        The timer is planned for every slot at which the rule may select the obligation. Whether it
        does is decided here, by the obligation's traits as they are now.
        """
        timer, dates, upto = owed.timer, owed.dates, self.upto
        rule = self.timetable.get_rule(timer.rule_id)
        if rule is None:
            self.ended.append(timer)
            return
        known = dates if rule.select is None else replace(dates, traits=owed.traits)
        chosen, passed = choose_occurrences(
            self.timetable, rule, known, timer, now=self.now, grace=self.grace, until=upto
        )
        self.passed_over += passed
        obligation_id = timer.obligation_id
        if passed:
            for each in self.timetable.list_between(rule, known, timer.next_fire_at, upto):
                if each not in chosen:
                    kept = self._keep_steps(rule, each, owed)
                    self.silence.note_left_out(kept, each, owed.traits, obligation_id)
        if chosen:
            timer = replace(timer, fired_until=chosen[-1].slot)
        for occurrence in chosen:
            kept = self._keep_steps(rule, occurrence, owed)
            for hearer in self.silence.choose_hearers(
                kept, occurrence, owed.traits, obligation_id, owed.measure_id
            ):
                digest = self.digests[occurrence.slot, hearer.audience]
                digest.add(kept, hearer.to_unit, occurrence, obligation_id, owed)
        if after := self.timetable.find_first(rule, dates, upto):
            self.moved.append(replace(timer, next_fire_at=after.slot, overdue=after.overdue))
        else:
            self.ended.append(timer)

    def number_messages(
        self, slot: datetime, audience: Audience, parts: PartCounts
    ) -> Iterator[tuple[int, MessageContent[DueTimer]]]:
        """The messages of a slot's digest, each with its part; `parts` has the first ones."""
        messages = self.digests[slot, audience].list_messages()
        return enumerate(messages, parts.get((audience, slot), 0))

    def make_result(self, reminders: list[ReminderDue]) -> FiringResult:
        """The result, with the reminders that the digests became."""
        newest = reminders[-1].slot if reminders else None
        not_fired = self.silence.not_fired
        return FiringResult(reminders, self.moved, self.ended, self.passed_over, newest, not_fired)

    def _keep_steps(self, rule: Rule, occurrence: Occurrence, owed: DueTimer) -> Rule:
        return self.timetable.keep_steps(rule, occurrence, owed.dates, owed.owed_since)


def fire_due_timers(
    timetable: Timetable,
    office_id: UUID,
    unit_id: UUID,
    due: Iterable[DueTimer],
    *,
    now: datetime,
    grace: timedelta,
    until: datetime | None = None,
    complete_until: datetime | None = None,
    parts: PartCounts | None = None,
    mutes: Sequence[Mute] = (),
) -> FiringResult:
    """Fire a unit's due timers at `now`.

    All items of one audience and slot are in one reminder, which is sent on every channel of their
    rules. A rule with a way of sending of its own has a reminder of its own, as a further part; so
    has each other unit whose post hears of the items. An obligation with two rules for a reminder
    has one item, with the higher overdue number.

    Args:
        timetable: the office's rules and calendar.
        office_id: whose unit.
        unit_id: whose timers.
        due: the timers that are due.
        now: the present instant.
        grace: how late a rule with catch-up `skip` still fires.
        until: no slot after it fires, and timers move on from it; by default `now`.
        complete_until: reminders of later slots are marked as incomplete; None marks none.
        parts: where a slot has reminders already, its items become further parts, with ids of
            their own.
        mutes: the office's; what they silence is not sent, and its timers move on.
    """
    upto = now if until is None else min(now, until)
    silence = Silence(unit_id, [mute for mute in mutes if mute.unit_id in {None, unit_id}])
    firing = _Firing(timetable, now, grace, upto, silence)
    for owed in due:
        firing.fire(owed)
    firing.silence.drop_inhibited(firing.digests)
    reminders = [
        _build_reminder(
            timetable,
            (office_id, unit_id),
            (slot, audience, part),
            message,
            complete=complete_until is None or slot <= complete_until,
        )
        for slot, audience in sorted(firing.digests, key=_get_reminder_order)
        for part, message in firing.number_messages(slot, audience, parts or {})
    ]
    return firing.make_result(reminders)


_AUDIENCES = {audience: place for place, audience in enumerate(Audience)}


def _get_reminder_order(key: tuple[datetime, Audience]) -> tuple[datetime, int]:
    slot, audience = key
    return slot, _AUDIENCES[audience]


def _build_reminder(
    timetable: Timetable,
    whose: tuple[UUID, UUID],
    place: tuple[datetime, Audience, int],
    message: MessageContent[DueTimer],
    *,
    complete: bool,
) -> ReminderDue:
    office_id, unit_id = whose
    slot, audience, part = place
    chosen = sorted(message.items.values(), key=_get_item_order)
    titles = list(dict.fromkeys(owed.measure.plan_title for _, owed in chosen))
    return ReminderDue(
        office_id=office_id,
        unit_id=unit_id,
        reminder_id=identity.derive_reminder_id(unit_id, audience, slot, part),
        audience=audience,
        slot=slot,
        timezone=timetable.book.timezone,
        channels=message.channels,
        rule_version=timetable.book.version,
        plan_title="、".join(titles),
        items=tuple(
            _build_item(timetable, occurrence, owed, names_plan=len(titles) > 1)
            for occurrence, owed in chosen
        ),
        part=part,
        complete=complete,
        rule_id=message.name.rule_id,
        how=message.how,
        to_unit=message.name.to_unit,
    )


def _build_item(
    timetable: Timetable, occurrence: Occurrence, owed: DueTimer, *, names_plan: bool
) -> ReminderItem:
    dates, measure = owed.dates, owed.measure
    if dates.due_on is None:  # pragma: no cover - such an obligation has no occurrences
        raise ValueError(f"{owed.timer.obligation_id} fires without a date")
    return ReminderItem(
        obligation_id=owed.timer.obligation_id,
        ref=measure.ref,
        task_name=measure.task_name,
        text=measure.text,
        kind=occurrence.get_reminder_kind(dates.kind),
        due_on=dates.due_on,
        overdue=occurrence.overdue,
        lead=owed.lead,
        working_days=timetable.count_working_days(timetable.get_day(occurrence.slot), dates.due_on),
        plan=measure.plan_title if names_plan else "",
    )


def _get_item_order(
    chosen: tuple[Occurrence, DueTimer],
) -> tuple[date, tuple[tuple[int, str], ...]]:
    owed = chosen[1]
    return owed.dates.due_on or date.max, rank_ref(owed.measure.ref)
