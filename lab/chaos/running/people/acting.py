"""What several actors share: the obligations, their present dates, and which are being acted on."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from lab.chaos.clients.api import RetryingApi
from lab.chaos.faults.clocks import PartClocks
from lab.chaos.oracle.facts import Fact, PublishedObligation
from lab.chaos.running.people.actions import SecondPlan
from shared.schemas.rules import ObligationKind


@dataclass(kw_only=True)
class Acting:
    """The obligations on which people act through the API.

    Attributes:
        unit_api: with a token that may report and decide nothing.
        facts: what the API was told, with the instants between which it was committed.
    """

    api: RetryingApi
    unit_api: RetryingApi
    clocks: PartClocks
    obligations: dict[UUID, PublishedObligation]
    rng: random.Random
    second_plan: SecondPlan
    facts: list[Fact] = field(default_factory=list)
    _busy: set[UUID] = field(default_factory=set)
    _done: set[UUID] = field(default_factory=set)
    _left_out: set[UUID] = field(default_factory=set)
    _dates: dict[UUID, date] = field(default_factory=dict)
    _taken: set[tuple[UUID, str, date]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take the dates as they were published."""
        self._dates = {
            obligation_id: obligation.due_on
            for obligation_id, obligation in self.obligations.items()
            if obligation.due_on
        }
        self._taken = {
            (obligation.unit_id, obligation.ref, obligation.due_on)
            for obligation in self.obligations.values()
            if obligation.due_on
        }

    def mark(self, obligation: PublishedObligation, *, owed: bool) -> None:
        """Keep in mind whether an obligation is owed."""
        (self._done.discard if owed else self._done.add)(obligation.obligation_id)

    def leave_out(self, obligation: PublishedObligation) -> None:
        """Act on an obligation no more."""
        self._left_out.add(obligation.obligation_id)

    def get_date(self, obligation: PublishedObligation) -> date:
        """The present date of an obligation that has one."""
        return self._dates[obligation.obligation_id]

    def set_date(self, obligation: PublishedObligation, due_on: date) -> None:
        """Keep in mind the present date of an obligation."""
        self._dates[obligation.obligation_id] = due_on

    async def post_fact(
        self,
        obligation: PublishedObligation,
        place: str,
        body: dict[str, Any],
        *,
        owed: bool | None = None,
        due_on: date | None = None,
    ) -> None:
        """Post what changes an obligation, and keep the instants between which it did."""
        asked = self.clocks.now()
        await asyncio.to_thread(self.api.post, place, body)
        fact = Fact(asked, self.clocks.now(), obligation.obligation_id, owed=owed, due_on=due_on)
        self.facts.append(fact)

    def draw_obligation(self, *, of_done: bool) -> PublishedObligation | None:
        """Draw a dated obligation, done or not, on which no other action is under way."""
        busy = self._busy | self._left_out | self.second_plan.obligation_ids
        candidates = [
            obligation
            for obligation in self.obligations.values()
            if obligation.kind is ObligationKind.DEADLINE
            and obligation.due_on is not None
            and obligation.obligation_id not in busy
            and (obligation.obligation_id in self._done) is of_done
        ]
        return self.rng.choice(candidates) if candidates else None

    def choose_free_day(
        self, obligation: PublishedObligation, day: date, least: int, most: int
    ) -> date:
        """Choose a later day that no obligation of the unit with this number has had.

        A mail names only number and date, so two obligations must differ in them.
        """
        new_day = day + timedelta(days=self.rng.randint(least, most))
        while (obligation.unit_id, obligation.ref, new_day) in self._taken:
            new_day += timedelta(days=1)
        self._taken.add((obligation.unit_id, obligation.ref, new_day))
        return new_day

    @contextmanager
    def hold(self, obligation_id: UUID) -> Iterator[None]:
        """Keep other actions off an obligation."""
        self._busy.add(obligation_id)
        try:
            yield
        finally:
            self._busy.discard(obligation_id)
