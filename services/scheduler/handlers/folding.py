"""The result of a batch of task events: a fold over them, in order."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.scheduler.store.obligations import MeasureVersion
from services.scheduler.store.traits import MeasureVersionTraits
from services.scheduler.store.waiting import WaitingFact
from shared.planning.obligations import Obligation
from shared.planning.reminding import ReminderMeasure
from shared.schemas.envelope import Envelope
from shared.schemas.events import ObligationsAmended, ObligationsAssigned


@dataclass(slots=True)
class FoldedObligation:
    """An obligation and what the batch did to it.

    Attributes:
        stored: whether it was in the database before the batch.
        changed: whether the batch changed it.
        replan: whether its timers are void.
    """

    obligation: Obligation
    stored: bool
    changed: bool = False
    replan: bool = False


@dataclass
class Fold:
    """The result of a batch so far.

    Attributes:
        obligations: those that the batch names and that are known.
        withdrawn: `ReminderWithdrawn` events to publish.
        measures: the newest version of each measure in the batch.
        waiting: facts about obligations that are not known.
        fresh: those facts of `waiting` that came in this batch.
        ended: facts that wait no longer.
    """

    obligations: dict[UUID, FoldedObligation]
    withdrawn: list[Envelope] = field(default_factory=list)
    measures: dict[UUID, MeasureVersion] = field(default_factory=dict)
    waiting: dict[UUID, list[WaitingFact]] = field(default_factory=dict)
    fresh: list[WaitingFact] = field(default_factory=list)
    ended: list[WaitingFact] = field(default_factory=list)

    def get(self, obligation_id: UUID) -> Obligation | None:
        """The obligation as the batch has left it so far; None when it is not known."""
        folded = self.obligations.get(obligation_id)
        return folded.obligation if folded else None

    def put(self, obligation: Obligation, *, replan: bool) -> None:
        """Take the obligation as a fact has made it; `replan`: its timers are void."""
        folded = self.obligations.get(obligation.obligation_id)
        if folded is None:
            folded = FoldedObligation(obligation, stored=False)
            self.obligations[obligation.obligation_id] = folded
        folded.obligation, folded.changed = obligation, True
        folded.replan = folded.replan or replan

    def add_measures(
        self, event: ObligationsAssigned | ObligationsAmended, told_at: datetime
    ) -> None:
        """Take an event's measures, except those of which the batch has a later version."""
        for facts in event.measures:
            last = self.measures.get(facts.measure_id)
            if last is None or last.told_at <= told_at:
                self.measures[facts.measure_id] = MeasureVersion(
                    measure_id=facts.measure_id,
                    office_id=event.office_id,
                    measure=ReminderMeasure(
                        facts.ref, facts.task_name, facts.text, event.plan_title
                    ),
                    told_at=told_at,
                    category=facts.category,
                    target=facts.target,
                )

    def list_measure_traits(self) -> list[MeasureVersionTraits]:
        """The traits of those measures of which the batch tells a category."""
        return [
            MeasureVersionTraits(
                each.measure_id, each.office_id, each.category, each.target, each.told_at
            )
            for each in self.measures.values()
            if each.category is not None
        ]

    def add_waiting(self, fact: WaitingFact) -> None:
        """Keep a fact until its obligation is known."""
        self.waiting.setdefault(fact.obligation_id, []).append(fact)
        self.fresh.append(fact)

    def take_waiting(self, obligation_id: UUID) -> list[WaitingFact]:
        """Remove and return the facts that waited for an obligation.

        They are sorted by number; facts without a number come last.
        """
        facts = self.waiting.pop(obligation_id, [])
        self.ended += facts
        self.fresh = [fact for fact in self.fresh if fact.obligation_id != obligation_id]
        return sorted(facts, key=lambda fact: (fact.number is None, fact.number or 0))
