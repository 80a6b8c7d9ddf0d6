"""The whole system, started once for this folder: broker, database, sinks, services, pages."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from cli.client import Api
from deploy.places import read_settings
from lab.demo.quiet import PipelineWatcher
from lab.stack.record import StackRecord
from lab.stack.stack import ONE_EACH, Stack
from lab.stack.testing import Engines
from shared.calendar import WorkingCalendar
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from tests.integration.console.conftest import chromium

__all__ = ["chromium"]
ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = WorkingCalendar()
START = datetime(2023, 3, 1, 8, 0, tzinfo=ZONE)
_NUMBERS = count(1)
_QUIET = 300.0


@dataclass
class World:
    """The running system, with the actions of its office and units."""

    stack: Stack
    record: StackRecord
    api: Api
    clock: SteppedClock
    watcher: PipelineWatcher
    units: dict[str, str] = field(default_factory=dict)
    arrivals: dict[str, list[dict]] = field(default_factory=dict)
    plans: list[str] = field(default_factory=list)

    @property
    def sinks(self) -> str:
        return self.record.inbox.rstrip("/")

    @property
    def today(self) -> date:
        return self.clock.now().astimezone(ZONE).date()

    def enter_units(self, number: int) -> list[str]:
        """Enter new units with all their contacts; returns their names.

        The clock first moves by a minute, so that the next imported plan is newer than the last.
        """
        self.clock.set(self.clock.now() + timedelta(minutes=1))
        names = [f"测试第{next(_NUMBERS)}局" for _ in range(number)]
        posts = ("liaison", "deputy", "head")
        columns = ["name", "kind", "groups", "aliases"]
        columns += [f"{post}_{way}" for post in posts for way in ("email", "mobile")]
        rows = [",".join(columns)]
        for name in names:
            code = name.removeprefix("测试第").removesuffix("局")
            cells = [name, "县级部门", "", ""]
            for place, post in enumerate(posts):
                cells += [f"{post}@u{code}.e2e.example", f"139{place}{int(code):07d}"]
            rows.append(",".join(cells))
        self._upload("/v1/units/import", "units.csv", "\n".join(rows))
        listed = self.api.list_items("/v1/units")
        self.units |= {unit["name"]: unit["unit_id"] for unit in listed}
        return names

    def assign(
        self, names: list[str], due: date, tasks: int = 1, duty: str = "", number: int = 0
    ) -> list[dict]:
        """Publish a plan with tasks for units, due on a day; returns its ledger rows.

        The same `number` gives the same document.
        """
        number = number or next(_NUMBERS)
        rows = [f"{due.year}年第{number}号政务公开任务分解表", ""]
        rows.append("序号\t任务名称\t具体内容\t责任单位\t完成时限")
        for task in range(1, tasks + 1):
            text = duty or f"编制并公布第{number}批第{task}项公开目录。"
            when = f"{due.year}年{due.month}月{due.day}日"
            rows.append(f"{task}\t目录公开{task}\t{text}\t{'、'.join(names)}\t{when}")
        stored = self._upload("/v1/plans", f"plan-{number}.txt", "\n".join(rows))
        plan = stored["plan_id"]
        assert stored["open"] == []
        assert stored["unknown_names"] == []
        self.plans.append(plan)
        self.api.post(f"/v1/plans/{plan}/publish", {"include_past": False})
        rows = self.api.list_items("/v1/ledger", plan_id=plan)
        assert len(rows) == tasks * len(names)
        return rows

    def withdraw_plans(self) -> None:
        """Withdraw every plan that was assigned and is not yet withdrawn."""
        while self.plans:
            self.api.post(f"/v1/plans/{self.plans.pop()}/withdraw", {"note": "测试结束"})

    def _upload(self, path: str, name: str, text: str) -> Any:
        headers = {"Idempotency-Key": f"{name}-{next(_NUMBERS)}"}
        files = {"file": (name, text.encode())}
        return self.api._request("POST", path, files=files, headers=headers)

    def find_working_day(self, after: int) -> date:
        return CALENDAR.shift(self.today, after)

    def set_clock(self, day: date, at: time = time(9)) -> None:
        """Set the clock to an instant of a day, without waiting."""
        self.clock.set(datetime.combine(day, at, tzinfo=ZONE))

    async def wait_until_quiet(self) -> None:
        await self.watcher.wait_until_quiet(self.clock.now(), _QUIET)

    async def step_to(self, day: date, at: time = time(9)) -> None:
        """Set the clock and wait until the pipeline is quiet."""
        self.set_clock(day, at)
        await self.wait_until_quiet()

    def list_messages(self, name: str, channel: str = "email") -> list[dict]:
        """The messages to all posts of a unit, in order."""
        code = name.removeprefix("测试第").removesuffix("局")
        ends = f"@u{code}.e2e.example" if channel == "email" else f"{int(code):07d}"
        return [message for message in self.fetch_messages(channel) if ends in message["to"]]

    def fetch_messages(self, channel: str) -> list[dict]:
        """All messages of a channel; only new ones are fetched."""
        seen = self.arrivals.setdefault(channel, [])
        while True:
            query = {"after": seen[-1]["seq"] if seen else 0, "channel": channel}
            answer = httpx.get(f"{self.sinks}/messages", params=query, timeout=120, trust_env=False)
            if not (page := answer.json()["messages"]):
                return seen
            seen += page

    def set_faults(self, **modes: str) -> None:
        httpx.put(f"{self.sinks}/faults", json=modes, timeout=120, trust_env=False)

    async def kill(self, name: str) -> None:
        """kill -9 a part, and return when its next process is ready."""
        was = await asyncio.to_thread(self.stack.kill, name)
        await asyncio.to_thread(self.stack.wait_ready, name, after=was)


@contextmanager
def start_stack(
    engines: Engines, place: Path, name: str, **more: str
) -> Iterator[tuple[Stack, StackRecord, SteppedClock]]:
    """Run a whole system of its own on the engines; `name` is that of its database and topics.

    `more` are settings of this system alone.
    """
    clock = SteppedClock(place / "clock")
    clock.set(START)
    stack = Stack(place / "state")
    record = stack.start_all(
        services={**ONE_EACH, "console": 1},
        clock_file=place / "clock",
        extra_env={
            "CUIBAN_KAFKA": engines.kafka,
            "CUIBAN_DATABASE_URL": engines.create_database(name),
            "CUIBAN_TOPIC_PREFIX": f"{name}.",
            "CUIBAN_POLL": "PT0.05S",
            "CUIBAN_SESSION_TIMEOUT": "PT6S",
            "CUIBAN_RETRY_DELAYS": "1s 1s 2s 2s 2s 2s 2s 2s 2s 2s",
            "CUIBAN_UNKNOWN_PAUSE": "PT1S",
            "CUIBAN_SEND_TIMEOUT": "PT10S",
            "CUIBAN_LEASE": "PT21S",
            "CUIBAN_AUDIT_EVERY": "PT1S",
            **more,
        },
    )
    try:
        yield stack, record, clock
    finally:
        stack.stop_all()


@asynccontextmanager
async def open_world(
    stack: Stack, record: StackRecord, clock: SteppedClock
) -> AsyncIterator[World]:
    """The actions of the office and the units of a running system."""
    settings = read_settings(record.environment)
    engine = create_engine(settings, "e2e")
    watcher = PipelineWatcher(settings, engine)
    api = Api(record.api, stack.token_file.read_text().strip())
    try:
        yield World(stack, record, api, clock, watcher)
    finally:
        api.close()
        await watcher.close()
        await engine.dispose()


@pytest.fixture(scope="package")
def _stack(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Stack, StackRecord, SteppedClock]]:
    with start_stack(engines, tmp_path_factory.mktemp("e2e"), "e2e") as started:
        yield started


@pytest.fixture(scope="package")
async def world(_stack: tuple[Stack, StackRecord, SteppedClock]) -> AsyncIterator[World]:
    async with open_world(*_stack) as world:
        yield world


@pytest.fixture(autouse=True)
def _nothing_stays_owed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Withdraw what a test assigned: what is overdue would be reminded of in all later tests."""
    world: World | None = None
    if "world" in request.fixturenames:
        world = request.getfixturevalue("world")
    yield
    if world is not None:
        world.withdraw_plans()


@pytest.fixture
def cuiban(world: World) -> Callable[..., str]:
    """Runs the command on the running system, as `run_command` does."""
    return partial(run_command, world.stack)


def run_command(stack: Stack, *arguments: str, status: int = 0, typed: str = "") -> str:
    """Run the command on a running system; returns its output, and checks its status.

    `typed` is its standard input.
    """
    done = subprocess.run(
        [sys.executable, "-m", "deploy.command", *arguments, "--state", str(stack.state)],
        input=typed,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONUTF8": "1", "LANG": "en"},
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr
