"""Makes the office's rules while the clock runs: drafts, books, roll-backs and mutes.

A book that changes what every unit hears is approved by a second person. One act follows the other,
so that every draft is based on the book in force.
"""

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lab.chaos.clients.api import RetryingApi
from lab.chaos.faults.clocks import PartClocks
from lab.chaos.oracle.facts import Fact, PublishedObligation
from lab.chaos.oracle.mutes import MuteScope, ToldMute
from lab.chaos.running.office import BookVariant, build_rule_book
from lab.chaos.running.people.actions import RULE_WEIGHTS, RuleAction
from shared.rules.book import RuleBook

_WORDS = "混沌测试"
_PAUSES = (1.0, 7.0)
"""Seconds of real time between two acts."""
_MOST_MUTES = 6
_MUTED_DAYS = (3, 5)
_AHEAD = timedelta(days=2)
"""What ends earlier is not ended early: the request may wait for the end of a fault."""
_FEW = 0.05
"""A small book is about a task of at most this part of the units: by 20 % a second person approves.
"""


@dataclass(frozen=True, slots=True)
class RuleScopes:
    """What is muted, and what small books are about.

    Attributes:
        tasks: each task, with its plan.
        small_tasks: those of them that few units have.
    """

    units: tuple[UUID, ...]
    tasks: tuple[tuple[UUID, str], ...]
    small_tasks: tuple[str, ...]


def find_scopes(obligations: Mapping[UUID, PublishedObligation]) -> RuleScopes:
    """The scopes of an office. Numbers of measures differ between its plans."""
    units = {each.unit_id for each in obligations.values()}
    holders: defaultdict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    for each in obligations.values():
        if each.plan_id is not None:
            holders[each.plan_id, each.ref.partition(".")[0]].add(each.unit_id)
    few = [task for (_, task), of_task in holders.items() if len(of_task) <= _FEW * len(units)]
    return RuleScopes(tuple(sorted(units)), tuple(sorted(holders)), tuple(sorted(few)))


@dataclass(kw_only=True)
class RuleMaker:
    """Makes rules through the API, one act after the other.

    Attributes:
        approver: a second person, signed in.
        live: the version of the book in force.
        variants: the content of each book of the run, by version.
        facts: the publications, with the instants between which each was committed.
        mutes: the mutes, by their ids.
        done: the number of performed acts, by kind.
    """

    api: RetryingApi
    approver: RetryingApi
    clocks: PartClocks
    rng: random.Random
    scopes: RuleScopes
    live: int
    variants: dict[int, BookVariant]
    facts: list[Fact] = field(default_factory=list)
    mutes: dict[str, ToldMute] = field(default_factory=dict)
    done: Counter[RuleAction] = field(default_factory=Counter)
    stopping: bool = False
    _draft: dict[str, Any] | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def books(self) -> dict[int, RuleBook]:
        """The rule books of the run, by version."""
        return {version: build_rule_book(each) for version, each in self.variants.items()}

    async def run_until_stopped(self) -> None:
        """Act until `stopping` is set."""
        while not self.stopping:
            await asyncio.sleep(self.rng.uniform(*_PAUSES))
            if not self.stopping:
                await self._perform(
                    self.rng.choices(list(RULE_WEIGHTS), list(RULE_WEIGHTS.values()))[0]
                )

    async def _perform(self, action: RuleAction) -> None:
        ways: dict[RuleAction, Callable[[], Awaitable[bool]]] = {
            RuleAction.PUBLISH: self.publish_book,
            RuleAction.PUBLISH_SMALL: self._publish_small,
            RuleAction.ROLL_BACK: self._roll_back,
            RuleAction.SAVE_DRAFT: self._save_draft,
            RuleAction.MUTE: self._add_mute,
            RuleAction.UNMUTE: self._end_mute,
        }
        if await ways[action]():
            self.done[action] += 1

    # --- books --------------------------------------------------------------------------------

    async def publish_book(self) -> bool:
        """Publish a book that changes what every unit hears."""
        async with self._turn:
            number = max(each.number for each in self.variants.values()) + 1
            await self._publish_draft(BookVariant(number, self._draw_task()), by_two=True)
        return True

    async def _publish_small(self) -> bool:
        """Publish a book that changes what the units of one task hear; False when none has few."""
        async with self._turn:
            variant = self.variants[self.live]
            task = "" if variant.task else self._draw_task()
            if not variant.task and not task:
                return False
            await self._publish_draft(replace(variant, task=task), by_two=False)
        return True

    def _draw_task(self) -> str:
        return self.rng.choice(self.scopes.small_tasks) if self.scopes.small_tasks else ""

    async def _publish_draft(self, variant: BookVariant, *, by_two: bool) -> None:
        """Save a draft that has a fault, correct it, and publish it, alone or by two."""
        text = _write(variant)
        faulty = {"text": text.replace("catch_up", "catchup", 1), "note": _WORDS}
        draft = await asyncio.to_thread(self.api.post, "/v1/rule-drafts", faulty)
        place = f"/v1/rule-drafts/{draft['draft_id']}"
        change = {"version": draft["version"], "text": text, "note": _WORDS}
        draft = await asyncio.to_thread(self.api.put, place, change)
        await self._publish_saved(variant, place, draft["version"], by_two=by_two)

    async def _publish_saved(
        self, variant: BookVariant, place: str, version: int, *, by_two: bool
    ) -> None:
        post, way = (self.approver.post, "approve") if by_two else (self.api.post, "publish")
        await self._publish(variant, post, f"{place}/{way}", {"version": version})

    async def _publish(
        self, variant: BookVariant, post: Callable[..., Any], place: str, body: object = None
    ) -> None:
        """Post what brings a book into force, and keep the instants between which it did."""
        asked = self.clocks.now()
        published = await asyncio.to_thread(post, place, body)
        self.live = published["version"]
        self.variants[self.live] = variant
        self.facts.append(Fact(asked, self.clocks.now(), book=self.live))

    async def _roll_back(self) -> bool:
        """Bring an earlier book into force again; False when there is none.

        One that differs for every unit is drafted from its version, which a second person approves.
        """
        async with self._turn:
            live = self.variants[self.live]
            earlier = [version for version, each in self.variants.items() if each != live]
            if not earlier:
                return False
            version = self.rng.choice(earlier)
            variant = self.variants[version]
            if variant.number == live.number:
                place = f"/v1/rule-books/{version}/roll-back"
                await self._publish(variant, self.api.post, place)
                return True
            body = {"from_version": version, "note": _WORDS}
            draft = await asyncio.to_thread(self.api.post, "/v1/rule-drafts", body)
            place = f"/v1/rule-drafts/{draft['draft_id']}"
            await self._publish_saved(variant, place, draft["version"], by_two=True)
        return True

    async def _save_draft(self) -> bool:
        """Save the one draft that is never published; the live book must not follow it."""
        async with self._turn:
            text = _write(BookVariant(self.rng.randint(1, 99)))
            if self._draft is None:
                place, body = "/v1/rule-drafts", {"text": text, "note": _WORDS}
                self._draft = await asyncio.to_thread(self.api.post, place, body)
            else:
                place = f"/v1/rule-drafts/{self._draft['draft_id']}"
                change = {"version": self._draft["version"], "text": text, "note": _WORDS}
                self._draft = await asyncio.to_thread(self.api.put, place, change)
        return True

    # --- mutes --------------------------------------------------------------------------------

    async def record_mute(self, scope: MuteScope, until: datetime) -> None:
        """Mute something until an instant."""
        body: dict[str, object] = {"until_at": until.isoformat(), "reason": _WORDS}
        if scope.unit_id:
            body["unit_id"] = str(scope.unit_id)
        if scope.task:
            body |= {"plan_id": str(scope.task[0]), "task": scope.task[1]}
        if scope.rule_id:
            body["rule_id"] = scope.rule_id
        asked = self.clocks.now()
        muted = await asyncio.to_thread(self.api.post, "/v1/mutes", body)
        self.mutes[muted["mute_id"]] = ToldMute(scope, asked, self.clocks.now(), until)

    async def _add_mute(self) -> bool:
        """Mute a unit, a task or a rule, or two of them together; False when enough is muted."""
        async with self._turn:  # a rule can be muted only while the book in force has it
            if len(self._list_open()) >= _MOST_MUTES:
                return False
            until = self.clocks.now() + timedelta(days=self.rng.uniform(*_MUTED_DAYS))
            await self.record_mute(self._draw_scope(), until)
        return True

    def _draw_scope(self) -> MuteScope:
        unit_id, task = self.rng.choice(self.scopes.units), self.rng.choice(self.scopes.tasks)
        rule_id = self.rng.choice(build_rule_book(self.variants[self.live]).rules).rule_id
        return self.rng.choice(
            (
                MuteScope(unit_id=unit_id),
                MuteScope(task=task),
                MuteScope(rule_id=rule_id),
                MuteScope(unit_id=unit_id, rule_id=rule_id),
                MuteScope(task=task, rule_id=rule_id),
            )
        )

    async def _end_mute(self) -> bool:
        """End a mute early; False when none is open for long enough."""
        async with self._turn:
            mutes = self._list_open()
            if not mutes:
                return False
            mute_id = self.rng.choice(mutes)
            asked = self.clocks.now()
            place = f"/v1/mutes/{mute_id}/end"
            await asyncio.to_thread(self.api.post, place, {"reason": _WORDS})
            ended = (asked, self.clocks.now())
            self.mutes[mute_id] = replace(self.mutes[mute_id], ended=ended)
        return True

    def _list_open(self) -> list[str]:
        """The mutes that nobody ended, and that do not end soon by themselves."""
        soon = self.clocks.now() + _AHEAD
        return [id_ for id_, each in self.mutes.items() if not each.ended and each.until > soon]


def _write(variant: BookVariant) -> str:
    """A rule book as the text of a draft."""
    return json.dumps(build_rule_book(variant).model_dump(mode="json", exclude={"version"}))
