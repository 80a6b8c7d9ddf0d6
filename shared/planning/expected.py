"""Computes the reminders that should have been emitted, from the history of facts. Pure.

It uses no timers. For each slot it determines which obligations were owed at that instant, with
which dates, and whether the rules and the calendar in force then name the slot. So it does not
repeat an error in how timers are planned, moved or claimed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.keeping import PublishedBook
from shared.planning.silencing import find_mute
from shared.planning.timetable import KEPT_OCCURRENCES, Timetable
from shared.rules.book import Rule, RuleBook
from shared.rules.messages import DIGEST, MessageName, name_message
from shared.rules.occurrences import Dates, Occurrence
from shared.rules.steps import list_hearers, list_inhibited
from shared.schemas.mutes import Mute
from shared.schemas.rules import Audience

_INSTANT = timedelta(microseconds=1)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ObligationVersion:
    """The state of an obligation between two instants, both excluded.

    Attributes:
        owed: whether reminders were due for it.
        since: when this version was published.
        until: when the next version was published; None for the current one.
        owed_since: since when it is owed by these dates without interruption; None: since `since`.
    """

    dates: Dates
    owed: bool
    since: datetime
    until: datetime | None = None
    owed_since: datetime | None = None

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """Whether it was current at some instant from `first` to `last`, both included."""
        return self.since <= last and (self.until is None or self.until >= first)


@dataclass(frozen=True, slots=True)
class ObligationHistory:
    """An obligation's versions in order. Versions before `known_from` are not recorded.

    `mutes` are those that concern the obligation.
    """

    obligation_id: UUID
    versions: tuple[ObligationVersion, ...]
    known_from: datetime | None = None
    mutes: tuple[Mute, ...] = ()

    def is_known_at(self, slot: datetime) -> bool:
        """Whether the obligation's state at a slot is recorded."""
        return self.known_from is None or slot > self.known_from


def note_interruptions(versions: Iterable[ObligationVersion]) -> Iterator[ObligationVersion]:
    """The versions of an obligation in order, each with since when it is owed by its dates."""
    last: ObligationVersion | None = None
    for version in versions:
        goes_on = (
            last is not None
            and last.owed
            and last.until == version.since
            and replace(last.dates, traits=None) == replace(version.dates, traits=None)
        )
        since = last.owed_since if goes_on and last is not None else version.since
        last = replace(version, owed_since=since)
        yield last


def join_versions(versions: Iterable[ObligationVersion]) -> tuple[ObligationVersion, ...]:
    """Join versions whose difference does not matter for planning, such as a start of work."""
    done: list[ObligationVersion] = []
    for version in versions:
        last = done[-1] if done else None
        if (
            last
            and last.until == version.since
            and (last.owed, last.dates) == (version.owed, version.dates)
        ):
            done[-1] = replace(last, until=version.until)
        else:
            done.append(version)
    return tuple(done)


@dataclass(frozen=True, slots=True)
class Era:
    """The rules and the calendar in force after `since`, up to and with `until`."""

    since: datetime
    until: datetime | None
    timetable: Timetable

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """Whether it was in force at some instant from `first` to `last`, both included."""
        return self.since <= last and (self.until is None or self.until >= first)


def list_eras(
    books: Sequence[tuple[datetime, RuleBook]],
    calendars: Sequence[tuple[datetime, WorkingCalendar]],
    published: Sequence[PublishedBook] = (),
) -> list[Era]:
    """The eras of an office in order; none is before the first rule book.

    Args:
        books: with the instants of their publication, in order.
        calendars: likewise; before the first one the national calendar is in force.
        published: all books of the office, the earliest too, whose steps may be kept.
    """
    starts = sorted({at for at, _ in books} | {at for at, _ in calendars})
    kept = KEPT_OCCURRENCES // max(len(starts), 1)
    eras = []
    for place, since in enumerate(starts):
        book = _find_newest(books, since)
        if book is not None:
            until = starts[place + 1] if place + 1 < len(starts) else None
            calendar = _find_newest(calendars, since) or WorkingCalendar()
            until_now = [each for each in published if each.book.version <= book.version]
            eras.append(Era(since, until, Timetable(book, calendar, kept, until_now)))
    return eras


def list_asked(times: Iterable[Era]) -> frozenset[str]:
    """The fields of `Traits` that the rules of some era ask for."""
    return frozenset[str]().union(*(era.timetable.asked for era in times))


def _find_newest(publications: Sequence[tuple[datetime, _T]], at: datetime) -> _T | None:
    known = [value for since, value in publications if since <= at]
    return known[-1] if known else None


@dataclass(frozen=True, slots=True)
class ExpectedItem:
    """What the messages of a slot say of one obligation.

    Attributes:
        overdue: the highest number of its overdue reminder.
        messages: which messages name it, those to other units too
            (`shared.rules.messages.name_message`).
    """

    due_on: date
    overdue: int
    messages: frozenset[MessageName] = frozenset({DIGEST})

    def join(self, other: "ExpectedItem | None") -> "ExpectedItem":
        """What this one says together with another message; a later date replaces an earlier."""
        if other is None or other.due_on != self.due_on:
            return self
        overdue = max(self.overdue, other.overdue)
        return ExpectedItem(self.due_on, overdue, self.messages | other.messages)


ReminderKey = tuple[datetime, Audience]
"""Identifies a reminder of one unit: its slot and audience."""
Digests = dict[ReminderKey, dict[UUID, ExpectedItem]]
"""The items of each reminder of one unit."""


def compute_expected(
    times: Sequence[Era], histories: Iterable[ObligationHistory], first: datetime, last: datetime
) -> Digests:
    """The reminders that one unit should have received in the slots from `first` to `last`.

    These are the reminders of a scheduler that learns of each fact at once and fires on time.
    """
    digests: defaultdict[ReminderKey, dict[UUID, ExpectedItem]] = defaultdict(dict)
    for history in histories:
        for key, item in _list_items(times, history, first, last):
            known = digests[key].get(history.obligation_id)
            digests[key][history.obligation_id] = item.join(known)
    return dict(digests)


def _list_items(
    times: Sequence[Era], history: ObligationHistory, first: datetime, last: datetime
) -> Iterator[tuple[ReminderKey, ExpectedItem]]:
    for version in history.versions:
        due_on = version.dates.due_on
        if not version.owed or due_on is None:
            continue
        for era in times:
            since = max(first, version.since + _INSTANT, era.since + _INSTANT)
            until = min(
                last,
                version.until - _INSTANT if version.until else last,
                era.until or last,
            )
            if since > until:
                continue
            sent = list_told_audiences(era.timetable, version, (since, until), history.mutes)
            for each in sent:
                yield (each.slot, each.audience), each.make_item(due_on)


@dataclass(frozen=True, slots=True)
class ToldAudience:
    """That a rule tells an audience of an obligation in a slot."""

    slot: datetime
    audience: Audience
    rule_id: str
    overdue: int
    message: MessageName = DIGEST

    def make_item(self, due_on: date) -> ExpectedItem:
        """The item of an obligation with this date."""
        return ExpectedItem(due_on, self.overdue, frozenset({self.message}))


def list_told_audiences(
    timetable: Timetable,
    version: ObligationVersion,
    span: tuple[datetime, datetime],
    mutes: Sequence[Mute] = (),
) -> Iterator[ToldAudience]:
    """Who is told of an obligation in the slots of a span, both ends included, and by which rule.

    Left out is what a mute or another post's step silences; `mutes` are those of the obligation.
    """
    traits = version.dates.traits
    of_slot: defaultdict[datetime, list[tuple[Rule, Occurrence]]] = defaultdict(list)
    for rule in timetable.book.rules:
        for occurrence in timetable.list_between(rule, version.dates, *span):
            if not find_mute(mutes, rule.rule_id, occurrence.slot):
                kept = keep_version_steps(timetable, version, rule, occurrence)
                of_slot[occurrence.slot].append((kept, occurrence))
    for slot, pairs in of_slot.items():
        inhibited = {each for pair in pairs for each in list_inhibited(*pair, traits)}
        for rule, occurrence in pairs:
            for hearer in list_hearers(rule, occurrence, traits):
                if hearer.to_unit is not None or hearer.audience not in inhibited:
                    message = name_message(rule, hearer.to_unit)
                    yield ToldAudience(
                        slot, hearer.audience, rule.rule_id, occurrence.overdue, message
                    )


def keep_version_steps(
    timetable: Timetable, version: ObligationVersion, rule: Rule, occurrence: Occurrence
) -> Rule:
    """The rule with the steps that hold for an occurrence of an obligation's version."""
    owed_since = version.owed_since or version.since
    return timetable.keep_steps(rule, occurrence, version.dates, owed_since)


def compute_item(
    era: Era, version: ObligationVersion, key: ReminderKey, mutes: Sequence[Mute] = ()
) -> ExpectedItem | None:
    """The item of an obligation's version in a reminder, by an era's rules; None for none.

    A version that was published at the slot or later has none.
    """
    slot, audience = key
    due_on = version.dates.due_on
    if not version.owed or due_on is None or version.since >= slot:
        return None
    sent = list_told_audiences(era.timetable, version, (slot, slot), mutes)
    item: ExpectedItem | None = None
    for each in sent:
        if each.audience is audience:
            item = each.make_item(due_on).join(item)
    return item
