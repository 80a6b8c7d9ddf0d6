"""The promise, stated in time, against what the sinks hold. Pure.

- A fact that was committed before a slot (minus `TOLERANCE`) is honoured by that slot.
- What is due reaches its contact no later than the bound, faults not counted.
- What is done is not reminded of any more once the bound is over, faults not counted.
- Nothing is said twice.

A reminder that fired without a complete view is flagged, and may contain what was done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.running.calm import Calm
from lab.chaos.running.facts import Course, Duty, Possible
from shared.calendar import WorkingCalendar
from shared.schemas.rules import (
    Audience,
    ObligationKind,
    RuleBook,
    list_audiences,
    list_occurrences,
)
from shared.schemas.rules import Dates as RuleDates

_ZONE = ZoneInfo("Asia/Shanghai")
_SHORTLY = timedelta(minutes=15)
Way = tuple[UUID, datetime, Audience, str]
"""Unit, slot, audience and channel."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message that a sink holds, with what it says.

    Attributes:
        name: the notification's id.
        at: the office's time when the sink took it first.
        items: (ref, date) of each item; empty for a short message, which names none.
        complete: whether the reminder fired with a complete view.
    """

    name: UUID
    unit_id: UUID
    audience: Audience
    channel: str
    slot: datetime
    at: datetime
    items: tuple[tuple[str, date], ...]
    complete: bool


@dataclass(slots=True)
class Judgement:
    """What was due and what came of it; each entry of a list names what is wrong."""

    due: int = 0
    delivered: int = 0
    late_honoured: int = 0
    incomplete: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


class Promise:
    """Judges a run.

    `books` are named by their numbers; `reachable` are unit, audience and channel of each address
    that a contact has.
    """

    def __init__(
        self,
        books: Mapping[int, RuleBook],
        calendar: WorkingCalendar,
        course: Course,
        calm: Calm,
        *,
        bound: timedelta,
        names: Mapping[UUID, str],
        reachable: AbstractSet[tuple[UUID, Audience, str]],
    ) -> None:
        self._books, self._calendar, self._course, self._calm = books, calendar, course, calm
        self._bound, self._names, self._reachable = bound, names, reachable
        self._span = (datetime.min.replace(tzinfo=_ZONE), datetime.min.replace(tzinfo=_ZONE))
        self._slots = lru_cache(maxsize=None)(self._slots_of)
        self._places: defaultdict[tuple[UUID, str], list[Duty]] = defaultdict(list)
        for duty in course.duties.values():
            self._places[duty.unit_id, duty.ref].append(duty)

    def judge(
        self, said: Sequence[Said], refused: set[Way], begin: datetime, end: datetime
    ) -> Judgement:
        """Compare what must have been said between two instants with what was.

        `refused` are those whose gateway was told to refuse for good.
        """
        self._span = (begin, end)
        self._slots.cache_clear()
        found = Judgement(incomplete=sum(not one.complete for one in said))
        mails, texts = self._sorted_out(said, found)
        for duty in self._course.duties.values():
            for slot, audience in self._wanted(duty, begin, end):
                self._hold(duty, slot, audience, (mails, texts, refused), found)
        for message in said:
            self._check_message(message, found)
        return found

    def _sorted_out(
        self, said: Sequence[Said], found: Judgement
    ) -> tuple[dict[tuple[UUID, datetime, Audience], Said], set[Way]]:
        """Mails by obligation, slot and audience; and the ways by which short messages came."""
        mails: dict[tuple[UUID, datetime, Audience], Said] = {}
        texts: set[Way] = set()
        for message in said:
            if message.channel == "sms":
                texts.add((message.unit_id, message.slot, message.audience, "sms"))
            for duty in self._duties(message):
                key = (duty.obligation_id, message.slot, message.audience)
                if (other := mails.get(key)) is not None:
                    where = f"in {message.name} and in {other.name}"
                    found.doubled.append(f"{self._say(duty, message.slot)} {where}")
                mails[key] = message
        return mails, texts

    def _hold(
        self,
        duty: Duty,
        slot: datetime,
        audience: Audience,
        came: tuple[Mapping[tuple[UUID, datetime, Audience], Said], set[Way], set[Way]],
        found: Judgement,
    ) -> None:
        mails, texts, refused = came
        mail = mails.get((duty.obligation_id, slot, audience))
        missing = [
            channel
            for channel, is_there in (
                ("email", mail is not None),
                ("sms", (duty.unit_id, slot, audience, "sms") in texts),
            )
            if not is_there
            and (duty.unit_id, audience, channel) in self._reachable
            and (duty.unit_id, slot, audience, channel) not in refused
        ]
        until = self._calm.until(slot, self._bound)
        must = self._must(self._course.possible(duty, slot, until), duty, slot, audience)
        if not must or (not missing and mail is None):
            return
        found.due += 1
        for channel in missing:
            found.lost.append(f"no {channel}: {self._say(duty, slot)} to the {audience}")
        if missing or mail is None:
            return
        found.delivered += 1
        found.late_honoured += bool(self._course.shortly_before(duty, slot, _SHORTLY))
        if (late := self._calm.between(slot, mail.at)) > self._bound:
            found.late.append(f"{self._say(duty, slot)} came {late} late, faults not counted")

    def _check_message(self, message: Said, found: Judgement) -> None:
        for ref, due_on in message.items:
            duty = self._duty(message.unit_id, ref, due_on)
            if duty is None:
                found.unexpected.append(f"{message.name} names {ref} by {due_on}: nobody owes it")
                continue
            possible = self._course.possible(duty, message.slot, message.at)
            if not self._may(possible, duty, message) and message.complete:
                found.unexpected.append(
                    f"{self._say(duty, message.slot)} was told in {message.name}, but a fact "
                    f"from before the slot forbids it: {self._facts(duty, message)}"
                )
            done = self._course.done_before(duty, message.at)
            if done and (late := self._calm.between(done, message.at)) > self._bound:
                found.late.append(
                    f"{self._say(duty, message.slot)} was told at {_local(message.at)}, "
                    f"{late} after it was done, faults not counted"
                )

    def _wanted(
        self, duty: Duty, begin: datetime, end: datetime
    ) -> Iterable[tuple[datetime, Audience]]:
        """Slots and audiences that any book and any date of the run has for an obligation."""
        possible = self._course.possible(duty, begin, end)
        return sorted(
            {
                place
                for book in possible.books
                for day in possible.dates
                for place in self._slots(book, duty.kind, day, duty.known_on)
            },
            key=lambda place: (place[0], place[1].value),
        )

    def _must(self, possible: Possible, duty: Duty, slot: datetime, audience: Audience) -> bool:
        return (
            possible.owed == {True}
            and len(possible.dates) == 1
            and all(
                (slot, audience) in self._slots(book, duty.kind, day, duty.known_on)
                for book in possible.books
                for day in possible.dates
            )
        )

    def _may(self, possible: Possible, duty: Duty, message: Said) -> bool:
        return True in possible.owed and any(
            (message.slot, message.audience) in self._slots(book, duty.kind, day, duty.known_on)
            for book in possible.books
            for day in possible.dates
        )

    def _slots_of(
        self, number: int, kind: ObligationKind, due_on: date | None, known_on: date
    ) -> frozenset[tuple[datetime, Audience]]:
        """Every slot of the run with who hears it, by one book, for one set of dates."""
        book = self._books[number]
        begin, end = self._span
        return frozenset(
            (one.slot, audience)
            for rule in book.rules
            for one in takewhile(
                lambda each: each.slot <= end,
                list_occurrences(
                    rule,
                    RuleDates(kind, due_on, known_on),
                    self._calendar,
                    ZoneInfo(book.timezone),
                ),
            )
            if one.slot > begin
            for audience in list_audiences(rule, one)
        )

    def _duties(self, message: Said) -> list[Duty]:
        named = (self._duty(message.unit_id, ref, due_on) for ref, due_on in message.items)
        return [duty for duty in named if duty is not None]

    def _duty(self, unit_id: UUID, ref: str, due_on: date) -> Duty | None:
        """The obligation of a unit that a message's item is about."""
        for duty in self._places[unit_id, ref]:
            facts = self._course.of.get(duty.obligation_id, ())
            if due_on == duty.due_on or any(fact.due_on == due_on for fact in facts):
                return duty
        return None

    def _say(self, duty: Duty, slot: datetime) -> str:
        unit = self._names.get(duty.unit_id, duty.unit_id)
        return f"{unit} {duty.ref} ({duty.obligation_id}), slot {_local(slot)}"

    def _facts(self, duty: Duty, message: Said) -> str:
        facts = [*self._course.books, *self._course.of.get(duty.obligation_id, ())]
        told = [
            f"{_local(f.asked)}-{_local(f.answered)} "
            + ("book" if f.book else "date" if f.due_on else "owed" if f.owed else "done")
            for f in facts
            if f.asked <= message.at
        ]
        return ", ".join(told[-4:])


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(_ZONE):%m-%d %H:%M:%S}"
