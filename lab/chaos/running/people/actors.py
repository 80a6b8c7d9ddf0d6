"""Acts while the clock runs: units report, the office moves dates."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.oracle.facts import Fact, PublishedObligation
from lab.chaos.running import office
from lab.chaos.running.people import life_steps
from lab.chaos.running.people.acting import Acting
from lab.chaos.running.people.actions import WEIGHTS, ApiAction
from shared.schemas.rules import ObligationKind

_ZONE = ZoneInfo("Asia/Shanghai")
_NEAR_A_SLOT = timedelta(minutes=8)
_LATER = (20, 90)


@dataclass(kw_only=True)
class Actors(Acting):
    """Several people who act concurrently through the API, each one action after the other.

    Attributes:
        answers: the number of performed actions, by kind.
    """

    newest_messages: Callable[[], list[dict[str, Any]]]
    stopping: bool = False
    answers: dict[ApiAction, int] = field(default_factory=dict)

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
        file = office.write_table(
            self.second_plan.file,
            self.second_plan.title,
            self.second_plan.first,
            self.second_plan.dates,
        )
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
