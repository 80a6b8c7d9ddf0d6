"""What a batch of task events comes to: a fold over them, in order."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.scheduler.store.obligations import ToldMeasure
from services.scheduler.store.waiting import WaitingFact
from shared.planning.obligations import Obligation
from shared.planning.reminding import ReminderMeasure
from shared.schemas.events import Envelope, ObligationsAmended, ObligationsAssigned


@dataclass(slots=True)
class Held:
    """An obligation in hand: how it was found, and what the batch did to it."""

    one: Obligation
    known: bool
    changed: bool = False
    replan: bool = False


@dataclass
class Fold:
    """What a batch comes to.

    Attributes:
        held: the obligations in hand.
        withdrawn: what must not go out any more.
        measures: the measures that the batch told of.
        waiting: facts about obligations that are not known; `fresh` are those of this batch, and
            `ended` those that wait no longer.
    """

    held: dict[UUID, Held]
    withdrawn: list[Envelope] = field(default_factory=list)
    measures: dict[UUID, ToldMeasure] = field(default_factory=dict)
    waiting: dict[UUID, list[WaitingFact]] = field(default_factory=dict)
    fresh: list[WaitingFact] = field(default_factory=list)
    ended: list[WaitingFact] = field(default_factory=list)

    def known(self, obligation_id: UUID) -> Obligation | None:
        """The obligation as the batch has left it so far; None when nobody told of it."""
        found = self.held.get(obligation_id)
        return found.one if found else None

    def take(self, fresh: Obligation, *, replan: bool) -> None:
        """Go on with the obligation as a fact has made it; `replan`: its timers are void."""
        found = self.held.get(fresh.obligation_id)
        if found is None:
            self.held[fresh.obligation_id] = Held(fresh, known=False, changed=True, replan=replan)
        else:
            found.one, found.changed, found.replan = fresh, True, found.replan or replan

    def hear(self, event: ObligationsAssigned | ObligationsAmended, told: datetime) -> None:
        """Take the measures that an event tells of, unless what is in hand was told later."""
        for facts in event.measures:
            last = self.measures.get(facts.measure_id)
            if last is None or last.told_at <= told:
                shown = ReminderMeasure(facts.ref, facts.task_name, facts.text, event.plan_title)
                one = ToldMeasure(facts.measure_id, event.office_id, shown, told)
                self.measures[facts.measure_id] = one

    def wait(self, fact: WaitingFact) -> None:
        """Keep a fact until an event tells of its obligation."""
        self.waiting.setdefault(fact.obligation_id, []).append(fact)
        self.fresh.append(fact)

    def waited(self, obligation_id: UUID) -> list[WaitingFact]:
        """The facts that waited for an obligation, in the order in which they were told.

        They wait no longer. What has no number comes last.
        """
        facts = self.waiting.pop(obligation_id, [])
        self.ended += facts
        self.fresh = [fact for fact in self.fresh if fact.obligation_id != obligation_id]
        return sorted(facts, key=lambda fact: (fact.number is None, fact.number or 0))
