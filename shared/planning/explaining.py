"""Explains one obligation's reminders: what fired, what did not, and why. Pure.

Each possible reminder (`shared.planning.possible`), for each audience of its rule, was sent or has
exactly one reason why not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from shared.planning.difference_reasons import DifferenceReason, Emitted, ReasonFinder
from shared.planning.expected import Era, ReminderKey, keep_version_steps, list_told_audiences
from shared.planning.possible import (
    LedgerState,
    ObligationLife,
    PossibleReminder,
    PossibleReminders,
    find_failing_condition,
)
from shared.planning.silencing import find_mute
from shared.planning.unreached import Whom, find_status_reason, find_step_reason
from shared.rules.book import Rule
from shared.rules.messages import MessageName, name_message
from shared.rules.steps import get_post, list_hearers
from shared.schemas.mutes import NotFired, NotFiredReason
from shared.schemas.rules import Audience, Post
from shared.schemas.why_not import WhyNot

_Asked = tuple[str, Audience, MessageName]
"""A rule, an audience that it asks for, and the message in which it is told."""
RecordedKey = tuple[datetime, str, Post, Audience]
"""A slot, a rule, whose post it is, and which."""


@dataclass(frozen=True, slots=True)
class FiredReminder:
    """That an audience was reminded of the obligation in a slot, and by which rules.

    `to_unit`: the unit whose post it is; None: the unit that owes the obligation.
    """

    slot: datetime
    audience: Audience
    rules: tuple[str, ...]
    overdue: int
    to_unit: UUID | None = None


@dataclass(frozen=True, slots=True)
class UnfiredReminder:
    """That a rule did not remind some audiences in a slot, and why.

    Attributes:
        at: when that came about which is the reason: the status, or the move of the date.
        mute_id, actor, note: of a mute.
        due_before: the date before it was moved.
        condition: the field of the rule's `select` that did not hold.
        of: whose posts the audiences are.
    """

    slot: datetime
    rule_id: str
    version: int
    reason: WhyNot
    audiences: tuple[Audience, ...]
    at: datetime | None = None
    mute_id: UUID | None = None
    actor: str = ""
    note: str = ""
    due_before: date | None = None
    condition: str = ""
    of: Post = Post.UNIT


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of an obligation's possible reminders in some slots, each rising."""

    fired: list[FiredReminder] = field(default_factory=list)
    not_fired: list[UnfiredReminder] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SentOfUnit:
    """What is known of one unit's reminders.

    Attributes:
        emitted: the reminders, all parts joined.
        recorded: what the scheduler noted as not sent, of one obligation.
        waiting_after: reminders of later slots may be under way.
        finder: finds reasons in outages and in changes close to a slot; None: not asked.
    """

    emitted: Mapping[ReminderKey, Emitted]
    recorded: Mapping[RecordedKey, NotFired]
    waiting_after: datetime
    finder: ReasonFinder | None = None


def explain(
    possible: PossibleReminders,
    life: ObligationLife,
    sent: SentOfUnit,
    first: datetime,
    last: datetime,
) -> Explanation:
    """Explain an obligation's possible reminders in the slots from `first` to `last`."""
    return _Explaining(life, sent, possible.list_of(life, first, last)).explain(first, last)


class _Explaining:
    def __init__(
        self,
        life: ObligationLife,
        sent: SentOfUnit,
        possible: Mapping[tuple[datetime, str], PossibleReminder],
    ) -> None:
        self._life, self._sent, self._possible = life, sent, possible
        self._id = life.history.obligation_id
        self._of_slot: defaultdict[datetime, list[PossibleReminder]] = defaultdict(list)
        for (slot, _), each in possible.items():
            self._of_slot[slot].append(each)
        self._asked_for: dict[datetime, set[_Asked]] = {}

    def explain(self, first: datetime, last: datetime) -> Explanation:
        fired = sorted(self._list_fired(first, last), key=lambda each: (each.slot, each.audience))
        done = {
            (each.slot, rule, each.audience, each.to_unit) for each in fired for rule in each.rules
        }
        grouped: dict[UnfiredReminder, list[Audience]] = {}
        for (slot, rule_id), each in sorted(self._possible.items(), key=lambda pair: pair[0]):
            steps = (*each.rule.who, *self._keep_steps(each).who)
            for whom in dict.fromkeys((get_post(step), step.audience) for step in steps):
                units = self._list_units(each, whom)
                if not units or any((slot, rule_id, whom[1], unit) not in done for unit in units):
                    reason = self._find_reason(each, whom)
                    grouped.setdefault(reason, []).append(whom[1])
        return Explanation(
            fired, [replace(reason, audiences=tuple(who)) for reason, who in grouped.items()]
        )

    def _list_fired(self, first: datetime, last: datetime) -> Iterator[FiredReminder]:
        for (slot, audience), reminder in self._sent.emitted.items():
            item = reminder.items.get(self._id)
            if item is None or not first <= slot <= last:
                continue
            ordered = sorted(item.messages, key=MessageName.get_order)
            for to_unit in dict.fromkeys(name.to_unit for name in ordered):
                messages = [name for name in ordered if name.to_unit == to_unit]
                rules = self._list_rules(slot, audience, messages)
                yield FiredReminder(slot, audience, rules, item.overdue, to_unit)

    def _list_rules(
        self, slot: datetime, audience: Audience, messages: Collection[MessageName]
    ) -> tuple[str, ...]:
        """The rules by which some messages told an audience: that ask for it, or else that could.

        A rule with a message of its own did not, where that message was not emitted.
        """
        asking = self._list_asked_for(slot)
        rules = [rule for rule, whom, name in asking if whom is audience and name in messages] or [
            each.rule.rule_id
            for each in self._of_slot[slot]
            if any(step.audience is audience for step in each.rule.who)
        ]
        return tuple(sorted(set(rules)))

    def _list_asked_for(self, slot: datetime) -> set[_Asked]:
        """Which rules ask for which audiences in a slot, by the facts before it."""
        if slot not in self._asked_for:
            applied = [each for each in self._of_slot[slot] if each.reason is None]
            asked: set[_Asked] = set()
            for era, state in {
                (id(e.era), id(e.state)): (e.era, e.state) for e in applied
            }.values():
                if state is not None and state.version.owed:
                    asked |= self._ask(era, state, slot)
            self._asked_for[slot] = asked
        return self._asked_for[slot]

    def _ask(self, era: Era, state: LedgerState, slot: datetime) -> set[_Asked]:
        mutes = self._life.history.mutes
        every = list_told_audiences(era.timetable, state.version, (slot, slot), mutes)
        return {(each.rule_id, each.audience, each.message) for each in every}

    def _find_reason(self, each: PossibleReminder, whom: Whom) -> UnfiredReminder:
        """Why a post was not told; the audiences of the result are empty."""
        slot, rule_id = each.occurrence.slot, each.rule.rule_id
        version = each.era.timetable.book.version
        plain = UnfiredReminder(slot, rule_id, version, WhyNot.UNEXPLAINED, (), of=whom[0])
        recorded = self._sent.recorded.get((slot, rule_id, *whom))
        if recorded is not None:
            return replace(
                plain,
                reason=_RECORDED[recorded.reason],
                mute_id=recorded.mute_id,
                actor=recorded.actor,
                note=recorded.note,
            )
        if each.state is None:
            return replace(plain, reason=WhyNot.NOT_PUBLISHED)
        if not self._life.history.is_known_at(slot):
            return replace(plain, reason=WhyNot.NOT_RECORDED)
        if not each.state.version.owed:
            at = self._find_beginning(each.state)
            return replace(plain, reason=find_status_reason(each.state), at=at)
        if each.reason is not None:
            moved_at, due_before = each.moved or (None, None)
            return replace(plain, reason=each.reason, at=moved_at, due_before=due_before)
        return self._find_reason_of_rule(plain, each, each.state, whom)

    def _find_beginning(self, state: LedgerState) -> datetime:
        """Since when an obligation has had the status of a state."""
        since = state.version.since
        for earlier in reversed(self._life.states[: self._life.states.index(state)]):
            if (earlier.status, earlier.withdrawn) != (state.status, state.withdrawn):
                break
            since = earlier.version.since
        return since

    def _find_reason_of_rule(
        self,
        plain: UnfiredReminder,
        each: PossibleReminder,
        state: LedgerState,
        whom: Whom,
    ) -> UnfiredReminder:
        """Why a rule that was in force did not tell a post of what was owed."""
        timetable, slot, dates = each.era.timetable, plain.slot, state.version.dates
        rule = timetable.get_rule(plain.rule_id) or each.rule
        if failing := find_failing_condition(timetable, rule, dates, slot):
            return replace(plain, reason=WhyNot.NOT_SELECTED, condition=failing)
        units = self._list_units(each, whom)
        if not units:
            kept = self._keep_steps(each)
            return replace(plain, reason=find_step_reason(kept, each.occurrence, whom, state))
        mute = find_mute(self._life.history.mutes, plain.rule_id, slot)
        if mute is not None:
            return replace(
                plain,
                reason=WhyNot.MUTED,
                mute_id=mute.mute_id,
                actor=mute.muted_by,
                note=mute.reason,
            )
        names = {(plain.rule_id, whom[1], name_message(rule, unit)) for unit in units}
        if not names & self._list_asked_for(slot):
            return replace(plain, reason=WhyNot.INHIBITED)
        if slot > self._sent.waiting_after:
            return replace(plain, reason=WhyNot.WAITING)
        return replace(plain, reason=self._find_difference((slot, whom[1])))

    def _list_units(self, each: PossibleReminder, whom: Whom) -> list[UUID | None]:
        """The units whose post hears of a possible reminder; None is the unit that owes it."""
        if each.state is None:
            return []
        traits = each.state.version.dates.traits
        hearers = list_hearers(self._keep_steps(each), each.occurrence, traits)
        return [hearer.to_unit for hearer in hearers if (hearer.of, hearer.audience) == whom]

    def _keep_steps(self, each: PossibleReminder) -> Rule:
        """The rule with the steps that hold for the obligation, where it was owed then."""
        if each.state is None:
            return each.rule
        timetable = each.era.timetable
        rule = timetable.get_rule(each.rule.rule_id) or each.rule
        return keep_version_steps(timetable, each.state.version, rule, each.occurrence)

    def _find_difference(self, key: ReminderKey) -> WhyNot:
        if self._sent.finder is None:
            return WhyNot.UNEXPLAINED
        sent = self._sent.emitted.get(key)
        item = sent.items.get(self._id) if sent else None
        reason, is_allowed = self._sent.finder.find_reason(key, self._id, item)
        if reason is DifferenceReason.CATCH_UP:
            return WhyNot.CATCH_UP
        return WhyNot.CHANGED_MEANWHILE if is_allowed else WhyNot.UNEXPLAINED


_RECORDED = {
    NotFiredReason.MUTED: WhyNot.MUTED,
    NotFiredReason.INHIBITED: WhyNot.INHIBITED,
    NotFiredReason.CATCH_UP: WhyNot.CATCH_UP,
    NotFiredReason.NO_UNIT: WhyNot.NO_UNIT,
}
