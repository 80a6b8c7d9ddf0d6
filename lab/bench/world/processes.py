"""The measured processes: the services as users run them, the sinks, and the engines."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Self

import psutil

from lab.bench.world.engines import World
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
from lab.stack.service_programs import is_healthy

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - Standard Webhooks' own example


_ENGINES = {"java": "kafka", "postgres": "postgres"}


@dataclass(frozen=True, slots=True)
class MeasuredProcess:
    """A running process, with its ports."""

    name: str
    identity: Identity
    ports: tuple[int, ...] = ()

    def measure_cpu(self) -> float:
        """CPU seconds so far, with those of its children, also of ended ones."""
        return _sum_cpu(psutil.Process(self.identity.pid))

    def measure_memory(self) -> float:
        """Its resident memory in megabytes."""
        return float(psutil.Process(self.identity.pid).memory_info().rss) / 1e6


def _sum_cpu(process: psutil.Process) -> float:
    """CPU seconds of a process and its children; 0 after its end, when its parent counts them."""
    try:
        times, children = process.cpu_times(), process.children()
    except psutil.NoSuchProcess:
        return 0.0
    own = times.user + times.system
    ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return float(own + ended) + sum(map(_sum_cpu, children))


@dataclass
class CpuUse:
    """The CPU seconds of processes since `begin`."""

    processes: list[MeasuredProcess]
    _before: dict[str, float] = field(default_factory=dict)

    def begin(self) -> None:
        """Start to count."""
        self._before = {each.name: each.measure_cpu() for each in self.processes}

    def measure_spent(self) -> dict[str, float]:
        """CPU seconds since `begin` by process, the largest first."""
        used = {each.name: each.measure_cpu() - self._before[each.name] for each in self.processes}
        return dict(sorted(used.items(), key=lambda pair: -pair[1]))

    def describe_per_item(self, number: int) -> str:
        """The CPU time per item by process, as text, the largest first."""
        texts = (
            f"{name} {spent / number * 1e6:,.0f} µs" for name, spent in self.measure_spent().items()
        )
        return f"CPU time for one: {', '.join(texts)}"


class MemoryPeaks:
    """The largest memory of each process during the block, in megabytes."""

    def __init__(self, processes: list[MeasuredProcess]) -> None:
        self._processes = processes
        self._task: asyncio.Task[None] | None = None
        self.most: dict[str, float] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._sample())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task:
            self._task.cancel()

    async def _sample(self) -> None:
        while True:
            for each in self._processes:
                self.most[each.name] = max(self.most.get(each.name, 0.0), each.measure_memory())
            await asyncio.sleep(0.1)


def find_engine_processes(world: World) -> list[MeasuredProcess]:
    """PostgreSQL, its backends counted with it, and Kafka."""
    identities = {each.pid: each for each in find_marked(world.engines.state)}
    processes = []
    for identity in identities.values():
        process = identity.find_process()  # None for a backend that has ended meanwhile
        if process is not None and process.ppid() not in identities and process.name() in _ENGINES:
            processes.append(MeasuredProcess(_ENGINES[process.name()], identity))
    return processes


@asynccontextmanager
async def run_service(
    world: World,
    name: str,
    settings_added: Mapping[str, str] = MappingProxyType({}),
    number: int = 1,
) -> AsyncIterator[MeasuredProcess]:
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
            **settings_added,
        },
        directory=world.state,  # faust makes a directory where it stands
        ready=lambda: is_healthy(f"http://{HOST}:{metrics}/health/ready"),
    )
    async with _run_program(program, world.state, (metrics, http)) as process:
        yield process


@asynccontextmanager
async def run_sinks(state: Path) -> AsyncIterator[MeasuredProcess]:
    """Run the gateways of the benches (`lab.bench.world.sinks`); its ports are SMTP, HTTP."""
    smtp, http = find_free_ports(2)
    program = Program(
        name="sinks",
        argv=[sys.executable, "-m", "lab.bench.world.sinks", str(smtp), str(http)],
        log=state / "sinks.log",
        env=build_python_environment(),
        ready=lambda: is_port_open(smtp) and is_port_open(http),
    )
    async with _run_program(program, state, (smtp, http)) as process:
        yield process


def build_gateway_settings(sinks: MeasuredProcess) -> dict[str, str]:
    """The settings that point a notifier at the sinks."""
    smtp, http = sinks.ports
    return {
        "CUIBAN_SMTP_URL": f"smtp://{HOST}:{smtp}",
        "CUIBAN_SMS_URL": f"http://{HOST}:{http}/sms",
        "CUIBAN_SMS_SECRET": _SECRET,
    }


@asynccontextmanager
async def _run_program(
    program: Program, mark: Path, ports: tuple[int, ...]
) -> AsyncIterator[MeasuredProcess]:
    child = await asyncio.to_thread(spawn, program, mark=mark)
    try:
        await asyncio.to_thread(wait_ready, program, child)
        yield MeasuredProcess(program.name, Identity.of(child.pid), ports)
    finally:
        if child.poll() is None:
            await asyncio.to_thread(
                end_processes, [Identity.of(child.pid)], within=program.stop_within
            )
        child.wait(timeout=10)
