"""The promise, with its time limits, compared with the messages in the sinks. Pure.

- A slot respects every fact that was committed before it (minus `TOLERANCE`).
- What is due arrives within the bound, not counting the time of faults.
- What is done is not reminded of after the bound, not counting the time of faults.
- No item is sent twice for the same slot.

A reminder that fired without a complete view is marked, and may contain what was done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.oracle.calm import CalmTime
from lab.chaos.oracle.facts import FactLog, PossibleStates, PublishedObligation
from lab.chaos.oracle.judgement import Judgement, SinkMessage
from shared.calendar import WorkingCalendar
from shared.rules.book import RuleBook
from shared.rules.occurrences import Dates as RuleDates
from shared.rules.occurrences import list_occurrences
from shared.rules.steps import list_audiences
from shared.schemas.rules import Audience, ObligationKind

_ZONE = ZoneInfo("Asia/Shanghai")
_SHORTLY = timedelta(minutes=15)
DeliveryKey = tuple[UUID, datetime, Audience, str]
"""Unit, slot, audience and channel."""


class Promise:
    """Judges a run.

    `books` are the rule books by number. `reachable` holds unit, audience and channel of every
    address of a contact.
    """

    def __init__(
        self,
        books: Mapping[int, RuleBook],
        calendar: WorkingCalendar,
        log: FactLog,
        calm: CalmTime,
        *,
        bound: timedelta,
        names: Mapping[UUID, str],
        reachable: AbstractSet[tuple[UUID, Audience, str]],
    ) -> None:
        self._books, self._calendar, self._fact_log, self._calm = books, calendar, log, calm
        self._bound, self._names, self._reachable = bound, names, reachable
        self._span = (datetime.min.replace(tzinfo=_ZONE), datetime.min.replace(tzinfo=_ZONE))
        self._slots = lru_cache(maxsize=None)(self._calculate_slots)
        self._places: defaultdict[tuple[UUID, str], list[PublishedObligation]] = defaultdict(list)
        for obligation in log.obligations.values():
            self._places[obligation.unit_id, obligation.ref].append(obligation)

    def judge(
        self,
        messages: Sequence[SinkMessage],
        refused: set[DeliveryKey],
        begin: datetime,
        end: datetime,
    ) -> Judgement:
        """Compare the messages between two instants with those that must exist.

        `refused` are those that a gateway refused permanently because of a fault.
        """
        self._span = (begin, end)
        self._slots.cache_clear()
        judgement = Judgement(incomplete=sum(not message.complete for message in messages))
        mails, texts = self._sort_messages(messages, judgement)
        for obligation in self._fact_log.obligations.values():
            for slot, audience in self._list_slots(obligation, begin, end):
                self._check_slot(obligation, slot, audience, (mails, texts, refused), judgement)
        for message in messages:
            self._check_message(message, judgement)
        return judgement

    def _sort_messages(
        self, messages: Sequence[SinkMessage], judgement: Judgement
    ) -> tuple[dict[tuple[UUID, datetime, Audience], SinkMessage], set[DeliveryKey]]:
        """Mails by obligation, slot and audience; and the keys of the short messages."""
        mails: dict[tuple[UUID, datetime, Audience], SinkMessage] = {}
        texts: set[DeliveryKey] = set()
        for message in messages:
            if message.channel == "sms":
                texts.add((message.unit_id, message.slot, message.audience, "sms"))
            for obligation in self._find_obligations(message):
                key = (obligation.obligation_id, message.slot, message.audience)
                if (other := mails.get(key)) is not None:
                    where = f"in {message.name} and in {other.name}"
                    judgement.doubled.append(f"{self._describe(obligation, message.slot)} {where}")
                mails[key] = message
        return mails, texts

    def _check_slot(
        self,
        obligation: PublishedObligation,
        slot: datetime,
        audience: Audience,
        deliveries: tuple[
            Mapping[tuple[UUID, datetime, Audience], SinkMessage],
            set[DeliveryKey],
            set[DeliveryKey],
        ],
        judgement: Judgement,
    ) -> None:
        mails, texts, refused = deliveries
        mail = mails.get((obligation.obligation_id, slot, audience))
        missing = [
            channel
            for channel, is_there in (
                ("email", mail is not None),
                ("sms", (obligation.unit_id, slot, audience, "sms") in texts),
            )
            if not is_there
            and (obligation.unit_id, audience, channel) in self._reachable
            and (obligation.unit_id, slot, audience, channel) not in refused
        ]
        until = self._calm.find_instant_after(slot, self._bound)
        must = self._must_remind(
            self._fact_log.find_possible_states(obligation, slot, until), obligation, slot, audience
        )
        if not must or (not missing and mail is None):
            return
        judgement.due += 1
        for channel in missing:
            judgement.lost.append(
                f"no {channel}: {self._describe(obligation, slot)} to the {audience}"
            )
        if missing or mail is None:
            return
        judgement.delivered += 1
        judgement.late_honoured += bool(self._fact_log.list_recent(obligation, slot, _SHORTLY))
        if (late := self._calm.measure_between(slot, mail.at)) > self._bound:
            judgement.late.append(
                f"{self._describe(obligation, slot)} came {late} late, without faults"
            )

    def _check_message(self, message: SinkMessage, judgement: Judgement) -> None:
        for ref, due_on in message.items:
            obligation = self._find_obligation(message.unit_id, ref, due_on)
            if obligation is None:
                judgement.unexpected.append(
                    f"{message.name} names {ref} by {due_on}: nobody owes it"
                )
                continue
            item = self._describe(obligation, message.slot)
            possible = self._fact_log.find_possible_states(obligation, message.slot, message.at)
            if not self._may_remind(possible, obligation, message) and message.complete:
                judgement.unexpected.append(
                    f"{item} was sent in {message.name}, but a fact "
                    f"from before the slot forbids it: {self._describe_facts(obligation, message)}"
                )
            done = self._fact_log.find_end_before(obligation, message.at)
            if done and (late := self._calm.measure_between(done, message.at)) > self._bound:
                judgement.late.append(
                    f"{item} was sent at {_format_local(message.at)}, "
                    f"{late} after it was done, without faults"
                )

    def _list_slots(
        self, obligation: PublishedObligation, begin: datetime, end: datetime
    ) -> Iterable[tuple[datetime, Audience]]:
        """Slots and audiences of an obligation by any rule book and any date of the run."""
        possible = self._fact_log.find_possible_states(obligation, begin, end)
        return sorted(
            {
                place
                for book in possible.books
                for day in possible.dates
                for place in self._slots(book, obligation.kind, day, obligation.known_on)
            },
            key=lambda place: (place[0], place[1].value),
        )

    def _must_remind(
        self,
        possible: PossibleStates,
        obligation: PublishedObligation,
        slot: datetime,
        audience: Audience,
    ) -> bool:
        return (
            possible.owed == {True}
            and len(possible.dates) == 1
            and all(
                (slot, audience) in self._slots(book, obligation.kind, day, obligation.known_on)
                for book in possible.books
                for day in possible.dates
            )
        )

    def _may_remind(
        self, possible: PossibleStates, obligation: PublishedObligation, message: SinkMessage
    ) -> bool:
        return True in possible.owed and any(
            (message.slot, message.audience)
            in self._slots(book, obligation.kind, day, obligation.known_on)
            for book in possible.books
            for day in possible.dates
        )

    def _calculate_slots(
        self, number: int, kind: ObligationKind, due_on: date | None, known_on: date
    ) -> frozenset[tuple[datetime, Audience]]:
        """Every slot of the run with its audience, by one rule book and one set of dates."""
        book = self._books[number]
        begin, end = self._span
        return frozenset(
            (occurrence.slot, audience)
            for rule in book.rules
            for occurrence in takewhile(
                lambda each: each.slot <= end,
                list_occurrences(
                    rule,
                    RuleDates(kind, due_on, known_on),
                    self._calendar,
                    ZoneInfo(book.timezone),
                    book.near_working_days,
                ),
            )
            if occurrence.slot > begin
            for audience in list_audiences(rule, occurrence)
        )

    def _find_obligations(self, message: SinkMessage) -> list[PublishedObligation]:
        named = (
            self._find_obligation(message.unit_id, ref, due_on) for ref, due_on in message.items
        )
        return [obligation for obligation in named if obligation is not None]

    def _find_obligation(self, unit_id: UUID, ref: str, due_on: date) -> PublishedObligation | None:
        """Find the unit's obligation that an item of a message is about."""
        for obligation in self._places[unit_id, ref]:
            facts = self._fact_log.by_obligation.get(obligation.obligation_id, ())
            if due_on == obligation.due_on or any(fact.due_on == due_on for fact in facts):
                return obligation
        return None

    def _describe(self, obligation: PublishedObligation, slot: datetime) -> str:
        unit = self._names.get(obligation.unit_id, obligation.unit_id)
        return f"{unit} {obligation.ref} ({obligation.obligation_id}), slot {_format_local(slot)}"

    def _describe_facts(self, obligation: PublishedObligation, message: SinkMessage) -> str:
        facts = [
            *self._fact_log.books,
            *self._fact_log.by_obligation.get(obligation.obligation_id, ()),
        ]
        facts_before = [
            f"{_format_local(f.asked)}-{_format_local(f.answered)} "
            + ("book" if f.book else "date" if f.due_on else "owed" if f.owed else "done")
            for f in facts
            if f.asked <= message.at
        ]
        return ", ".join(facts_before[-4:])


def _format_local(instant: datetime) -> str:
    return f"{instant.astimezone(_ZONE):%m-%d %H:%M:%S}"
