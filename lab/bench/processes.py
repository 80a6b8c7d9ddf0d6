"""The processes that are measured: the services as users run them, the sinks, the engines."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

import psutil

from lab.bench.ground import World
from lab.stack.processes import (
    HOST,
    Identity,
    Program,
    build_python_environment,
    end_processes,
    find_free_ports,
    find_marked,
    is_port_open,
    spawn,
    wait_ready,
)
from lab.stack.supervisor import is_healthy

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - Standard Webhooks' own example


_ENGINES = {"java": "kafka", "postgres": "postgres"}


@dataclass(frozen=True, slots=True)
class Process:
    """A running process, with the ports that it serves."""

    name: str
    identity: Identity
    ports: tuple[int, ...] = ()

    def cpu(self) -> float:
        """CPU seconds used so far, with those of its children, ended ones too."""
        return cpu_of(psutil.Process(self.identity.pid))

    def megabytes(self) -> float:
        """The memory that it holds (resident set)."""
        return float(psutil.Process(self.identity.pid).memory_info().rss) / 1e6


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and its children; 0 once it has ended, then its parent counts it."""
    try:
        times, children = process.cpu_times(), process.children()
    except psutil.NoSuchProcess:
        return 0.0
    own = times.user + times.system
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(own + ended) + sum(map(cpu_of, children))


@dataclass
class Effort:
    """CPU seconds by process, from `begin` until now."""

    processes: list[Process]
    _before: dict[str, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Count from here."""
        self._before = {each.name: each.cpu() for each in self.processes}

    def spent(self) -> dict[str, float]:
        """CPU seconds since then, the largest first."""
        used = {each.name: each.cpu() - self._before[each.name] for each in self.processes}
        return dict(sorted(used.items(), key=lambda pair: -pair[1]))

    def for_one(self, number: int) -> str:
        """CPU time since then for each of so many, in words, the most first."""
        told = (f"{name} {spent / number * 1e6:,.0f} µs" for name, spent in self.spent().items())
        return f"CPU time for one: {', '.join(told)}"


class Peaks:
    """The most memory that each of some processes held while the block ran."""

    def __init__(self, processes: list[Process]) -> None:
        self._processes = processes
        self._task: asyncio.Task[None] | None = None
        self.most: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()

    async def _look(self) -> None:
        while True:
            for each in self._processes:
                self.most[each.name] = max(self.most.get(each.name, 0.0), each.megabytes())
            await asyncio.sleep(0.1)


def engine_processes(world: World) -> list[Process]:
    """PostgreSQL, its backends counted with it, and Kafka."""
    every = {each.pid: each for each in find_marked(world.engines.state)}
    found = []
    for identity in every.values():
        process = identity.find_process()  # None for a backend that has ended meanwhile
        if process is not None and process.ppid() not in every and process.name() in _ENGINES:
            found.append(Process(_ENGINES[process.name()], identity))
    return found


@asynccontextmanager
async def service(
    world: World, name: str, more: Mapping[str, str] = MappingProxyType({}), number: int = 1
) -> AsyncIterator[Process]:
    """One of the three services as users run it, until the block is left.

    `more` are further settings; `number` tells several processes of one service apart.
    """
    metrics, http = find_free_ports(2)
    settings = world.settings
    program = Program(
        name=f"{name}-{number}" if number > 1 else name,
        argv=[sys.executable, "-m", f"services.{name}.app"],
        log=world.state / f"{name}-{number}.log",
        env={
            **build_python_environment(),
            "CUIBAN_KAFKA": settings.kafka,
            "CUIBAN_TOPIC_PREFIX": settings.topic_prefix,
            "CUIBAN_PARTITIONS": str(settings.partitions),
            "CUIBAN_DATABASE_URL": settings.database_url.get_secret_value(),
            "CUIBAN_CLOCK_FILE": str(settings.clock_file or ""),
            "CUIBAN_LOG_FORMAT": "json",
            "CUIBAN_METRICS_PORT": str(metrics),
            "CUIBAN_HTTP_PORT": str(http),
            **more,
        },
        directory=world.state,  # faust makes a directory where it stands
        ready=lambda: is_healthy(f"http://{HOST}:{metrics}/health/ready"),
    )
    async with _running(program, world.state, (metrics, http)) as process:
        yield process


@asynccontextmanager
async def sinks(state: Path) -> AsyncIterator[Process]:
    """The gateways of the benches (`lab.bench.sinks`); its ports are those of SMTP and HTTP."""
    smtp, http = find_free_ports(2)
    program = Program(
        name="sinks",
        argv=[sys.executable, "-m", "lab.bench.sinks", str(smtp), str(http)],
        log=state / "sinks.log",
        env=build_python_environment(),
        ready=lambda: is_port_open(smtp) and is_port_open(http),
    )
    async with _running(program, state, (smtp, http)) as process:
        yield process


def gateways(sinks: Process) -> dict[str, str]:
    """The settings that point a notifier at the sinks."""
    smtp, http = sinks.ports
    return {
        "CUIBAN_SMTP_URL": f"smtp://{HOST}:{smtp}",
        "CUIBAN_SMS_URL": f"http://{HOST}:{http}/sms",
        "CUIBAN_SMS_SECRET": _SECRET,
    }


@asynccontextmanager
async def _running(program: Program, mark: Path, ports: tuple[int, ...]) -> AsyncIterator[Process]:
    child = await asyncio.to_thread(spawn, program, mark=mark)
    try:
        await asyncio.to_thread(wait_ready, program, child)
        yield Process(program.name, Identity.of(child.pid), ports)
    finally:
        if child.poll() is None:
            await asyncio.to_thread(
                end_processes, [Identity.of(child.pid)], within=program.stop_within
            )
        child.wait(timeout=10)
