"""Timers: planned when a fact is applied, moved when they fire. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from shared.planning.timetable import Timetable
from shared.rules.book import Rule
from shared.rules.occurrences import Dates, Occurrence
from shared.schemas.rules import CatchUp

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timer:
    """When a rule fires next for an obligation, and the number of that overdue reminder.

    `fired_until` is the newest slot that it fired; None before the first.
    """

    obligation_id: UUID
    rule_id: str
    next_fire_at: datetime
    overdue: int
    fired_until: datetime | None = field(default=None, compare=False)


def plan_timers(
    timetable: Timetable, obligation_id: UUID, dates: Dates, after: datetime
) -> Iterator[Timer]:
    """A timer for each rule that still fires for the obligation, strictly after an instant."""
    for rule_id, occurrence in timetable.list_first(dates, after):
        yield Timer(obligation_id, rule_id, occurrence.slot, occurrence.overdue)


def replan_timers(
    timetable: Timetable,
    obligation_id: UUID,
    dates: Dates,
    *,
    before: Mapping[str, datetime],
    changed: datetime,
    fired_until: datetime | None,
) -> Iterator[Timer]:
    """The obligation's timers after its office changed the rules or the calendar.

    Nothing is planned in the past, with one exception: a slot that was due before the change and
    has not fired yet stays due, if the rule still names it.

    Args:
        timetable: the new rules and calendar.
        obligation_id: whose timers.
        dates: the dates that occurrences depend on.
        before: the next instant of each rule that had a timer, by rule id.
        changed: when the change was published.
        fired_until: the obligation's newest fired slot; only later slots are planned.
    """
    for rule in timetable.book.rules:
        due = before.get(rule.rule_id)
        after = changed if due is None else min(changed, due - _INSTANT)
        occurrence = timetable.find_first(rule, dates, get_later(after, fired_until))
        if occurrence is not None:
            yield Timer(obligation_id, rule.rule_id, occurrence.slot, occurrence.overdue)


def compute_plan_start(told_at: datetime, now: datetime, horizon: timedelta) -> datetime:
    """The instant after which a fact's timers are planned: when the fact was published.

    So a slot between publication and reading is caught up with, and planning does not depend on
    how fast events are read. The result is never in the future (clocks may differ), and never
    before the horizon, so that reading an old history sends no reminders of the past.
    """
    return max(min(told_at, now), now - horizon)


def get_later(instant: datetime, other: datetime | None) -> datetime:
    """The later of two instants; the second may be None."""
    return instant if other is None else max(instant, other)


def choose_occurrences(
    timetable: Timetable,
    rule: Rule,
    dates: Dates,
    timer: Timer,
    *,
    now: datetime,
    grace: timedelta,
    until: datetime | None = None,
) -> tuple[list[Occurrence], int]:
    """Choose the occurrences that a due timer fires, by the rule's catch-up.

    `latest`: only the newest. `all`: each. `skip`: those that are late by at most the grace. With
    `until`, no occurrence after that instant may fire yet. `latest` then chooses none when a later
    occurrence is due by `now`, because that one will fire in their place.

    Returns:
        The chosen occurrences, and the number of those left out.
    """
    upto = now if until is None else min(now, until)
    missed = timetable.list_between(rule, dates, timer.next_fire_at, upto)
    match rule.catch_up:
        case CatchUp.LATEST:
            newer = upto < now and timetable.list_between(rule, dates, upto + _INSTANT, now)
            chosen = [] if newer else list(missed[-1:])
        case CatchUp.ALL:
            chosen = list(missed)
        case CatchUp.SKIP:
            chosen = [occurrence for occurrence in missed if now - occurrence.slot <= grace]
        case _:
            assert_never(rule.catch_up)
    return chosen, len(missed) - len(chosen)
