"""The promise, with its time limits, compared with the messages in the sinks. Pure.

- A slot respects every fact that was committed before it (minus `TOLERANCE`): what is owed and by
  which date, the rule book, the mutes, and the steps that an overdue obligation keeps.
- What is due arrives within the bound, not counting the time of faults.
- What is done is not reminded of after the bound, not counting the time of faults.
- No item is sent twice for the same slot.

A reminder that fired without a complete view is marked, and may contain what was done.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.oracle.calm import CalmTime
from lab.chaos.oracle.facts import FactLog, PossibleStates, PublishedObligation
from lab.chaos.oracle.judgement import Judgement, SinkMessage
from lab.chaos.oracle.mutes import MuteLog
from lab.chaos.oracle.slots import Place, SlotTable, is_decided
from shared.calendar import WorkingCalendar
from shared.rules.book import RuleBook
from shared.schemas.rules import Audience

_ZONE = ZoneInfo("Asia/Shanghai")
_SHORTLY = timedelta(minutes=15)
_NEVER = datetime.min.replace(tzinfo=UTC)
DeliveryKey = tuple[UUID, datetime, Audience, str]
"""Unit, slot, audience and channel."""
Deliveries = tuple[
    Mapping[tuple[UUID, datetime, Audience], SinkMessage], set[DeliveryKey], set[DeliveryKey]
]
"""Mails by obligation, slot and audience; the short messages; what a gateway refused for good."""


class Promise:
    """Judges a run.

    `books` are the rule books by version. `reachable` holds unit, audience and channel of every
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
        mutes: MuteLog | None = None,
    ) -> None:
        self._books, self._calendar, self._fact_log, self._calm = books, calendar, log, calm
        self._bound, self._names, self._reachable = bound, names, reachable
        self._mutes = mutes or MuteLog()
        self._slots = SlotTable(books, calendar, log, (_NEVER, _NEVER))
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
        self._slots = SlotTable(self._books, self._calendar, self._fact_log, (begin, end))
        judgement = Judgement(incomplete=sum(not message.complete for message in messages))
        mails, texts = self._sort_messages(messages, judgement)
        for obligation in self._fact_log.obligations.values():
            for slot, audiences in self._map_slots(obligation, begin, end).items():
                self._check_slot(obligation, slot, audiences, (mails, texts, refused), judgement)
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
        audiences: Iterable[Audience],
        deliveries: Deliveries,
        judgement: Judgement,
    ) -> None:
        """Check what an obligation is due for in a slot, where that is certain."""
        until = self._calm.find_instant_after(slot, self._bound)
        states = self._fact_log.find_possible_states(obligation, slot, until)
        if states.owed != {True} or len(states.dates) != 1:
            return
        tellings = self._slots.list_told(obligation, states)
        replaced = self._slots.list_told(obligation, states, kept=False)
        for audience in audiences:
            place = (slot, audience)
            rules = [each.get(place, frozenset()) for each in tellings]
            judgement.kept += is_decided(rules, [each.get(place, frozenset()) for each in replaced])
            if all(self._mutes.list_free(obligation, slot, each) for each in rules):
                self._check_due(obligation, place, deliveries, judgement)
            elif all(rules) and not any(
                self._mutes.list_possible(obligation, slot, each) for each in rules
            ):
                judgement.muted += 1

    def _check_due(
        self,
        obligation: PublishedObligation,
        place: Place,
        deliveries: Deliveries,
        judgement: Judgement,
    ) -> None:
        """Check that what is due arrived in time, on each channel with an address."""
        (mails, texts, refused), (slot, audience) = deliveries, place
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
        if not missing and mail is None:
            return
        judgement.due += 1
        for channel in missing:
            facts = self._describe_facts(obligation, slot)
            judgement.lost.append(
                f"no {channel}: {self._describe(obligation, slot)} to the {audience}; {facts}"
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
                facts = self._describe_facts(obligation, message.at)
                judgement.unexpected.append(
                    f"{item} was sent in {message.name}, but a fact "
                    f"from before the slot forbids it: {facts}"
                )
            done = self._fact_log.find_end_before(obligation, message.at)
            if done and (late := self._calm.measure_between(done, message.at)) > self._bound:
                judgement.late.append(
                    f"{item} was sent at {_format_local(message.at)}, "
                    f"{late} after it was done, without faults"
                )

    def _map_slots(
        self, obligation: PublishedObligation, begin: datetime, end: datetime
    ) -> Mapping[datetime, Iterable[Audience]]:
        """The audiences of each slot of an obligation, by any rule book and date of the run."""
        possible = self._fact_log.find_possible_states(obligation, begin, end)
        tellings = self._slots.list_told(obligation, possible)
        replaced = self._slots.list_told(obligation, possible, kept=False)
        slots: defaultdict[datetime, set[Audience]] = defaultdict(set)
        for slot, audience in {place for each in (*tellings, *replaced) for place in each}:
            slots[slot].add(audience)
        return slots

    def _may_remind(
        self, states: PossibleStates, obligation: PublishedObligation, message: SinkMessage
    ) -> bool:
        place = (message.slot, message.audience)
        return True in states.owed and any(
            self._mutes.list_possible(obligation, message.slot, tellings.get(place, ()))
            for tellings in self._slots.list_told(obligation, states)
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

    def _describe_facts(self, obligation: PublishedObligation, until: datetime) -> str:
        """The latest facts about an obligation that were asked for until an instant."""
        facts = [
            *self._fact_log.books,
            *self._fact_log.by_obligation.get(obligation.obligation_id, ()),
        ]
        facts_before = [
            f"{_format_local(f.asked)}-{_format_local(f.answered)} "
            + ("book" if f.book else "date" if f.due_on else "owed" if f.owed else "done")
            for f in facts
            if f.asked <= until
        ]
        return ", ".join(facts_before[-4:])


def _format_local(instant: datetime) -> str:
    return f"{instant.astimezone(_ZONE):%m-%d %H:%M:%S}"
