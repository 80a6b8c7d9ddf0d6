"""Publishing a plan to many units, until every timer is planned; then the services' memory."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cli.client import Api
from deploy.prepare import FoundingSettings, create_first_office
from lab.bench.bare import postgres
from lab.bench.bare.python import measure_import_memory
from lab.bench.figures import Figure, Goal
from lab.bench.world.engines import BenchEngines, BenchRun, World
from lab.bench.world.processes import (
    CpuUse,
    MeasuredProcess,
    MemoryPeaks,
    find_engine_processes,
    run_service,
)
from lab.bench.world.watching import watch_count
from lab.demo.office import TABLE
from lab.stack.processes import HOST
from shared.errors import CuibanError

_NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
_EVERYONE = "全部单位"
_ROWS = (("ingest.obligations", 1), ("scheduler.obligations", 1), ("scheduler.timers", 1))


@dataclass(frozen=True, slots=True)
class _Publication:
    """The result of a publication; `held` and `most` are megabytes by service."""

    units: int
    obligations: int
    answered: float
    seconds: float
    cpu: str
    ceiling: float
    memory: dict[str, float]
    peak_memory: dict[str, float]


async def measure_publishing(run: BenchRun) -> list[Figure]:
    """A plan of 46 measures, published to units over HTTP, until their timers are planned."""
    publications = []
    with run.start_engines() as bench:
        for units in run.units:
            run.say(f"publishing to {units:,} units")
            publications.append(await _publish_to(bench, units, pause=0.5 if run.quick else 10))
    bare = {
        name: await asyncio.to_thread(measure_import_memory, name)
        for name in publications[-1].memory
    }
    figures = [
        Figure(
            "a plan published until its timers stand",
            publication.obligations / publication.seconds,
            "obligations/s",
            publications[-1].ceiling,
            Goal("≥", 15_000) if publication is publications[-1] else None,
            publication.obligations,
            f"{publication.units:,} units; answered after {publication.answered:.1f} s of "
            f"{publication.seconds:.1f} s; the ceiling is COPY of the same three rows into tables "
            f"with the same indexes. {publication.cpu}",
        )
        for publication in publications
    ]
    figures += [
        Figure(
            f"memory of {name}",
            publication.memory[name],
            "MB",
            bare[name],
            Goal("<", 200) if publication is publications[-1] else None,
            publication.obligations,
            f"with so many open timers; at most {publication.peak_memory[name]:.0f} MB while "
            "publishing; the ceiling is Python with the same modules imported",
        )
        for name in bare
        for publication in publications
    ]
    return figures


async def _publish_to(bench: BenchEngines, units: int, pause: float) -> _Publication:
    async with bench.create_world("ingest", "scheduler", "notifier") as world:
        world.clock.set(_NOW)
        token = world.state / "token"
        await create_first_office(
            world.settings, FoundingSettings(office="bench", token_file=token)
        )
        async with (
            run_service(world, "ingest") as ingest,
            run_service(world, "scheduler") as scheduler,
        ):
            api = Api(f"http://{HOST}:{ingest.ports[1]}/", token.read_text().strip())
            plan = await asyncio.to_thread(_create_draft, api, world.state, units)
            await world.execute("VACUUM ANALYZE")
            cpu_use = CpuUse([ingest, scheduler, *find_engine_processes(world)])
            cpu_use.begin()
            async with MemoryPeaks([ingest, scheduler]) as peaks:
                obligations, answered, seconds = await _time_publication(world, api, plan, units)
            cpu = cpu_use.describe_per_item(obligations)
            api.close()
            memory = await _measure_memory(world, units, [ingest, scheduler], pause)
        ceiling = await postgres.measure_copying(world, _ROWS)
        peak_memory = {**memory, **peaks.most}
        return _Publication(
            units, obligations, answered, seconds, cpu, ceiling, memory, peak_memory
        )


def _create_draft(api: Api, state: Path, units: int) -> UUID:
    """Import units, and the real table as a draft in which each unit owes every measure."""
    rows = [f"第{n}单位,{_EVERYONE},{n}@bench.example,1{3_000_000_000 + n}" for n in range(units)]
    head = "单位名称,分组,联络员邮箱,联络员手机"
    file = state / "units.csv"
    file.write_text("\n".join([head, *rows]), encoding="utf-8")
    api.upload("/v1/units/import", file)
    plan = api.get(f"/v1/plans/{api.upload('/v1/plans', TABLE)['plan_id']}")
    for measure in plan["measures"]:
        change = {"ref": measure["ref"], "action": "change", "reason": "bench"}
        body = change | {"names": [_EVERYONE], "lead": []}
        api.post(f"/v1/plans/{plan['plan_id']}/settlements", body)
    for point in api.get(f"/v1/plans/{plan['plan_id']}")["open"]:
        body = {"ref": point["ref"], "action": "accept", "reason": "bench"}
        api.post(f"/v1/plans/{plan['plan_id']}/settlements", body)
    return UUID(plan["plan_id"])


async def _time_publication(
    world: World, api: Api, plan: UUID, units: int
) -> tuple[int, float, float]:
    """The number of obligations; seconds until the API's answer, and until all timers exist."""
    began = time.monotonic()

    def publish() -> tuple[int, float]:
        publications = api.post(f"/v1/plans/{plan}/publish", {"include_past": True})
        return int(publications["obligations"]), time.monotonic() - began

    answer = asyncio.create_task(asyncio.to_thread(publish))
    await watch_count(world.make_event_counter("scheduler-tasks"), units)
    seconds = time.monotonic() - began
    obligations, answered = await answer
    timers = await world.fetch_number("SELECT count(*) FROM scheduler.timers")
    if timers != obligations:
        raise CuibanError(f"{timers:.0f} timers exist for {obligations} obligations.")
    return obligations, answered, seconds


async def _measure_memory(
    world: World, units: int, running: list[MeasuredProcess], pause: float
) -> dict[str, float]:
    """Megabytes of each service when all is quiet, with a notifier that knows the units."""
    async with run_service(world, "notifier") as notifier:
        await watch_count(world.make_event_counter("notifier-directory"), units)
        await asyncio.sleep(pause)
        return {each.name: each.measure_memory() for each in (*running, notifier)}
