"""Acts while the clock runs: units report, the office moves dates and publishes rule books."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.clients.api import RetryingApi
from lab.chaos.faults.clocks import PartClocks
from lab.chaos.oracle.facts import Fact, PublishedObligation
from lab.chaos.running import life_steps, office
from lab.chaos.running.actions import WEIGHTS, ApiAction, SecondPlan
from shared.schemas.rules import ObligationKind

_ZONE = ZoneInfo("Asia/Shanghai")
_NEAR_A_SLOT = timedelta(minutes=8)
_LATER = (20, 90)


@dataclass
class Actors:
    """Several people who act concurrently through the API, each one action after the other.

    Attributes:
        unit_api: with a token that may report and decide nothing.
        facts: what the API was told, with the instants between which it was committed.
        answers: the number of performed actions, by kind.
    """

    api: RetryingApi
    unit_api: RetryingApi
    clocks: PartClocks
    obligations: dict[UUID, PublishedObligation]
    rng: random.Random
    newest_messages: Callable[[], list[dict[str, Any]]]
    second_plan: SecondPlan
    stopping: bool = False
    facts: list[Fact] = field(default_factory=list)
    answers: dict[ApiAction, int] = field(default_factory=dict)
    book: int = 1
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

    async def run_until_stopped(self) -> None:
        """Act until `stopping` is set; half of the time shortly before or after a full hour."""
        while not self.stopping:
            await asyncio.sleep(self._pause())
            action = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            if not self.stopping and await self._perform(action):
                self.answers[action] = self.answers.get(action, 0) + 1

    def _pause(self) -> float:
        """Seconds of real time until the next action."""
        if self.rng.random() < 0.5:  # noqa: PLR2004 - half of the time
            return self.rng.random()
        now = self.clocks.now()
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        aim = hour + _NEAR_A_SLOT * self.rng.uniform(-1, 1)
        return max(0.0, (aim - now).total_seconds()) / self.clocks.rate

    async def _perform(self, action: ApiAction) -> bool:
        ways: dict[ApiAction, Callable[[], Awaitable[bool]]] = {
            ApiAction.DONE: partial(self._report, "done", owed=False),
            ApiAction.PROGRESS: partial(self._report, "in-progress", owed=True),
            ApiAction.REOPEN: partial(self._report, "open", owed=True, of_done=True),
            ApiAction.EXTEND: self._extend,
            ApiAction.HEAR: self._hear,
            ApiAction.RECEIPT: self._confirm,
            ApiAction.AMEND: self._amend,
            ApiAction.SUBMIT: partial(life_steps.submit, self),
            ApiAction.RETURN: partial(life_steps.return_it, self),
            ApiAction.ASK: partial(life_steps.ask_for_extension, self),
            ApiAction.OBJECT: partial(life_steps.raise_objection, self),
        }
        return await ways[action]()

    async def report_done(self, prepare: Callable[[UUID], Awaitable[None]]) -> UUID:
        """Prepare an obligation, then report it as done; returns its id."""
        while (obligation := self.draw_obligation(of_done=False)) is None:  # noqa: ASYNC110 - until a person reopens one
            await asyncio.sleep(0.1)
        with self.hold(obligation.obligation_id):
            await prepare(obligation.obligation_id)
            await self._post_status(obligation, "done", owed=False)
        return obligation.obligation_id

    async def publish_book(self) -> None:
        """Publish the next rule book."""
        self.book += 1
        number = self.book
        body = office.build_rule_book(number).model_dump(mode="json", exclude={"version"})
        asked = self.clocks.now()
        await asyncio.to_thread(self.api.post, "/v1/rule-books", body)
        self.facts.append(Fact(asked, self.clocks.now(), book=number))

    async def _report(self, status: str, *, owed: bool, of_done: bool = False) -> bool:
        obligation = self.draw_obligation(of_done=of_done)
        if obligation is None:
            return False
        with self.hold(obligation.obligation_id):
            await self._post_status(obligation, status, owed=owed)
        return True

    async def _post_status(
        self, obligation: PublishedObligation, status: str, *, owed: bool
    ) -> None:
        place = f"/v1/obligations/{obligation.obligation_id}/status"
        await self.post_fact(obligation, place, {"status": status, "note": "混沌测试"}, owed=owed)
        self.mark(obligation, owed=owed)

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

    async def _extend(self) -> bool:
        obligation = self.draw_obligation(of_done=False)
        if obligation is None:
            return False
        with self.hold(obligation.obligation_id):
            new_day = self.choose_free_day(
                obligation, self._dates[obligation.obligation_id], *_LATER
            )
            place = f"/v1/obligations/{obligation.obligation_id}/extensions"
            body = {"due_on": new_day.isoformat(), "reason": "混沌测试", "confirm": True}
            await self.post_fact(obligation, place, body, due_on=new_day)
            self._dates[obligation.obligation_id] = new_day
        return True

    async def _hear(self) -> bool:
        """Report a hearing: it ends each hearing obligation of a unit."""
        hearings = [
            obligation
            for obligation in self.obligations.values()
            if obligation.kind is ObligationKind.HEARING
        ]
        left = [
            obligation
            for obligation in hearings
            if obligation.obligation_id not in self._done | self._busy
        ]
        if not left:
            return False
        unit = self.rng.choice(left).unit_id
        of_unit = [obligation for obligation in hearings if obligation.unit_id == unit]
        if any(obligation.obligation_id in self._busy for obligation in of_unit):
            return False
        self._busy |= {obligation.obligation_id for obligation in of_unit}
        asked = self.clocks.now()
        # Yesterday: a service whose clock is behind would refuse today as a future day.
        body = {
            "heard_on": (asked.astimezone(_ZONE).date() - timedelta(days=1)).isoformat(),
            "heard_by": "主要负责人",
            "minutes": "混沌测试",
        }
        await asyncio.to_thread(self.api.post, f"/v1/units/{unit}/hearings", body)
        answered = self.clocks.now()
        for obligation in of_unit:
            self.facts.append(Fact(asked, answered, obligation.obligation_id, owed=False))
            self._done.add(obligation.obligation_id)
            self._busy.discard(obligation.obligation_id)
        return True

    async def _confirm(self) -> bool:
        """Send a gateway's receipt for a delivered message."""
        texts = await asyncio.to_thread(self.newest_messages)
        if not texts:
            return False
        message = self.rng.choice(texts)
        body = {
            "gateway": "sms",
            "gateway_message_id": f"sink-{message['id']}",
            "state": "delivered",
        }
        await asyncio.to_thread(self.api.post, "/v1/receipts", body)
        return True

    async def _amend(self) -> bool:
        """Move two dates of the second plan by a revised document."""
        if self.second_plan.busy:
            return False
        self.second_plan.busy = True
        moved_units = self.rng.sample(sorted(self.second_plan.dates), 2)
        for unit in moved_units:
            obligation = self.obligations[self.second_plan.obligations[unit]]
            self.second_plan.dates[unit] = self.choose_free_day(
                obligation, self.second_plan.dates[unit], 1, 30
            )
        file = office.write_table(self.second_plan.file, self.second_plan.dates)
        place = f"/v1/plans/{self.second_plan.plan_id}/revisions"
        revision = await asyncio.to_thread(self.api.upload, place, file)
        asked = self.clocks.now()
        confirm = f"{place}/{revision['revision_id']}/confirm"
        await asyncio.to_thread(self.api.post, confirm, {})
        answered = self.clocks.now()
        for unit in moved_units:
            due_on, obligation_id = self.second_plan.dates[unit], self.second_plan.obligations[unit]
            self.facts.append(Fact(asked, answered, obligation_id, due_on=due_on))
        self.second_plan.busy = False
        return True

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
