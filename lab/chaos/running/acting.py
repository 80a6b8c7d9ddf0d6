"""Who acts while the clock runs: units report, the office moves dates and publishes books."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.callers import RetryingApi
from lab.chaos.running import office
from lab.chaos.running.clocks import Clocks
from lab.chaos.running.facts import Duty, Fact
from shared.schemas.rules import ObligationKind

_ZONE = ZoneInfo("Asia/Shanghai")
_NEAR_A_SLOT = timedelta(minutes=8)
_LATER = (20, 90)


class Doing(StrEnum):
    """What somebody does next."""

    DONE = "done"
    PROGRESS = "progress"
    REOPEN = "reopen"
    EXTEND = "extend"
    HEAR = "hear"
    RECEIPT = "receipt"
    AMEND = "amend"


_WEIGHTS = {
    Doing.DONE: 30,
    Doing.PROGRESS: 10,
    Doing.REOPEN: 25,
    Doing.EXTEND: 20,
    Doing.HEAR: 3,
    Doing.RECEIPT: 12,
    Doing.AMEND: 4,
}


@dataclass
class Actors:
    """Several people who act one after the other, each, through the API.

    Attributes:
        facts: what was told, with the instants between which it was committed.
        answers: how many answers there were, by what was done.
        refused: answers that say no to something that must be possible.
    """

    caller: RetryingApi
    clocks: Clocks
    duties: dict[UUID, Duty]
    chosen: random.Random
    newest_messages: Callable[[], list[dict[str, Any]]]
    second: "SecondPlan"
    stopping: bool = False
    facts: list[Fact] = field(default_factory=list)
    answers: dict[Doing, int] = field(default_factory=dict)
    book: int = 1
    _busy: set[UUID] = field(default_factory=set)
    _done: set[UUID] = field(default_factory=set)
    _dates: dict[UUID, date] = field(default_factory=dict)
    _taken: set[tuple[UUID, str, date]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Take over the dates as they were published."""
        self._dates = {one: d.due_on for one, d in self.duties.items() if d.due_on}
        self._taken = {(d.unit_id, d.ref, d.due_on) for d in self.duties.values() if d.due_on}

    async def act_for_ever(self) -> None:
        """Act until told to stop: half of the time shortly before or after a full hour."""
        while not self.stopping:
            await asyncio.sleep(self._pause())
            doing = self.chosen.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
            if not self.stopping and await self._do(doing):
                self.answers[doing] = self.answers.get(doing, 0) + 1

    def _pause(self) -> float:
        """Seconds of real time until the next deed."""
        if self.chosen.random() < 0.5:  # noqa: PLR2004 - half of the time
            return self.chosen.random()
        now = self.clocks.now()
        hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        aim = hour + _NEAR_A_SLOT * self.chosen.uniform(-1, 1)
        return max(0.0, (aim - now).total_seconds()) / self.clocks.rate

    async def _do(self, doing: Doing) -> bool:
        ways: dict[Doing, Callable[[], Awaitable[bool]]] = {
            Doing.DONE: partial(self._report, "done", owed=False),
            Doing.PROGRESS: partial(self._report, "in-progress", owed=True),
            Doing.REOPEN: partial(self._report, "open", owed=True, of_done=True),
            Doing.EXTEND: self._extend,
            Doing.HEAR: self._hear,
            Doing.RECEIPT: self._confirm,
            Doing.AMEND: self._amend,
        }
        return await ways[doing]()

    async def report_done(self, prepare: Callable[[UUID], Awaitable[None]]) -> UUID:
        """Report one obligation as done, after something was done with it first; its id."""
        while (duty := self._draw(of_done=False)) is None:  # noqa: ASYNC110 - somebody reopens one
            await asyncio.sleep(0.1)
        with self._hold(duty.obligation_id):
            await prepare(duty.obligation_id)
            await self._tell_status(duty, "done", owed=False)
        return duty.obligation_id

    async def publish_book(self) -> None:
        """Publish the next rule book, whole."""
        self.book += 1
        number = self.book
        body = office.book(number).model_dump(mode="json", exclude={"version"})
        asked = self.clocks.now()
        await asyncio.to_thread(self.caller.post, "/v1/rule-books", body)
        self.facts.append(Fact(asked, self.clocks.now(), book=number))

    async def _report(self, status: str, *, owed: bool, of_done: bool = False) -> bool:
        duty = self._draw(of_done=of_done)
        if duty is None:
            return False
        with self._hold(duty.obligation_id):
            await self._tell_status(duty, status, owed=owed)
        return True

    async def _tell_status(self, duty: Duty, status: str, *, owed: bool) -> None:
        place = f"/v1/obligations/{duty.obligation_id}/status"
        await self._told(duty, place, {"status": status, "note": "混沌测试"}, owed=owed)
        (self._done.discard if owed else self._done.add)(duty.obligation_id)

    async def _extend(self) -> bool:
        duty = self._draw(of_done=False)
        if duty is None:
            return False
        with self._hold(duty.obligation_id):
            later = self._free_day(duty, self._dates[duty.obligation_id], *_LATER)
            place = f"/v1/obligations/{duty.obligation_id}/extensions"
            body = {"due_on": later.isoformat(), "reason": "混沌测试"}
            await self._told(duty, place, body, due_on=later)
            self._dates[duty.obligation_id] = later
        return True

    async def _hear(self) -> bool:
        """A unit's head hears the report: it counts for each of its duties of that kind."""
        hearings = [d for d in self.duties.values() if d.kind is ObligationKind.HEARING]
        left = [d for d in hearings if d.obligation_id not in self._done | self._busy]
        if not left:
            return False
        unit = self.chosen.choice(left).unit_id
        of_unit = [d for d in hearings if d.unit_id == unit]
        if any(d.obligation_id in self._busy for d in of_unit):
            return False
        self._busy |= {d.obligation_id for d in of_unit}
        asked = self.clocks.now()
        # The day before: a host whose clock is behind must not take it for a day to come.
        body = {
            "heard_on": (asked.astimezone(_ZONE).date() - timedelta(days=1)).isoformat(),
            "heard_by": "主要负责人",
            "minutes": "混沌测试",
        }
        await asyncio.to_thread(self.caller.post, f"/v1/units/{unit}/hearings", body)
        answered = self.clocks.now()
        for duty in of_unit:
            self.facts.append(Fact(asked, answered, duty.obligation_id, owed=False))
            self._done.add(duty.obligation_id)
            self._busy.discard(duty.obligation_id)
        return True

    async def _confirm(self) -> bool:
        """A gateway tells that a message arrived."""
        texts = await asyncio.to_thread(self.newest_messages)
        if not texts:
            return False
        message = self.chosen.choice(texts)
        body = {
            "gateway": "sms",
            "gateway_message_id": f"sink-{message['id']}",
            "state": "delivered",
        }
        await asyncio.to_thread(self.caller.post, "/v1/receipts", body)
        return True

    async def _amend(self) -> bool:
        """The office moves some dates of its second plan by a revised document."""
        if self.second.busy:
            return False
        self.second.busy = True
        moved = self.chosen.sample(sorted(self.second.dates), 2)
        for unit in moved:
            its = self.duties[self.second.duties[unit]]
            self.second.dates[unit] = self._free_day(its, self.second.dates[unit], 1, 30)
        file = office.write_table(self.second.file, self.second.dates)
        place = f"/v1/plans/{self.second.plan_id}/revisions"
        found = await asyncio.to_thread(self.caller.upload, place, file)
        asked = self.clocks.now()
        confirm = f"{place}/{found['revision_id']}/confirm"
        await asyncio.to_thread(self.caller.post, confirm, {})
        answered = self.clocks.now()
        for unit in moved:
            due_on, duty = self.second.dates[unit], self.second.duties[unit]
            self.facts.append(Fact(asked, answered, duty, due_on=due_on))
        self.second.busy = False
        return True

    async def _told(
        self,
        duty: Duty,
        place: str,
        body: dict[str, Any],
        *,
        owed: bool | None = None,
        due_on: date | None = None,
    ) -> None:
        asked = self.clocks.now()
        await asyncio.to_thread(self.caller.post, place, body)
        told = Fact(asked, self.clocks.now(), duty.obligation_id, owed=owed, due_on=due_on)
        self.facts.append(told)

    def _draw(self, *, of_done: bool) -> Duty | None:
        """An obligation with a date, open or done, that nobody acts on just now."""
        every = [
            d
            for d in self.duties.values()
            if d.kind is ObligationKind.DEADLINE
            and d.due_on is not None
            and d.obligation_id not in self._busy | self.second.own
            and (d.obligation_id in self._done) is of_done
        ]
        return self.chosen.choice(every) if every else None

    def _free_day(self, duty: Duty, day: date, least: int, most: int) -> date:
        """A later day that no obligation of the unit with the same number has had.

        A mail names number and date alone, so only these tell two obligations apart.
        """
        later = day + timedelta(days=self.chosen.randint(least, most))
        while (duty.unit_id, duty.ref, later) in self._taken:
            later += timedelta(days=1)
        self._taken.add((duty.unit_id, duty.ref, later))
        return later

    @contextmanager
    def _hold(self, obligation: UUID) -> Iterator[None]:
        self._busy.add(obligation)
        try:
            yield
        finally:
            self._busy.discard(obligation)


@dataclass
class SecondPlan:
    """A plan that is revised while the clock runs; units are known by their names."""

    plan_id: UUID
    file: Path
    dates: dict[str, date]
    duties: dict[str, UUID]
    busy: bool = False

    @property
    def own(self) -> set[UUID]:
        """Its obligations: nobody else moves their dates."""
        return set(self.duties.values())
