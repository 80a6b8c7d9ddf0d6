"""Publishing a plan to many units, until every timer stands; then the memory of the services."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cli.client import Api
from deploy.prepare import OfficeSettings, found_office
from lab.bench.bare import postgres
from lab.bench.bare.python import importing
from lab.bench.figures import Figure, Goal
from lab.bench.ground import Ground, Run, World
from lab.bench.processes import Effort, Peaks, Process, engine_processes, service
from lab.bench.watching import climb
from lab.demo.office import TABLE
from lab.stack.processes import HOST
from shared.errors import CuibanError

_NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
_EVERYONE = "全部单位"
_ROWS = (("ingest.obligations", 1), ("scheduler.obligations", 1), ("scheduler.timers", 1))


@dataclass(frozen=True, slots=True)
class _Published:
    """What one publication came to: `held` and `most` are the megabytes of each service."""

    units: int
    obligations: int
    answered: float
    seconds: float
    cpu: str
    ceiling: float
    held: dict[str, float]
    most: dict[str, float]


async def publishing(run: Run) -> list[Figure]:
    """A plan of 46 measures published to units over HTTP, until their timers stand."""
    done = []
    with run.ground() as ground:
        for units in run.units:
            run.say(f"publishing to {units:,} units")
            done.append(await _published(ground, units, rest=0.5 if run.quick else 10))
    bare = {name: await asyncio.to_thread(importing, name) for name in done[-1].held}
    found = [
        Figure(
            "a plan published until its timers stand",
            one.obligations / one.seconds,
            "obligations/s",
            done[-1].ceiling,
            Goal("≥", 15_000) if one is done[-1] else None,
            one.obligations,
            f"{one.units:,} units; answered after {one.answered:.1f} s of {one.seconds:.1f} s; the "
            f"ceiling is COPY of the same three rows into tables with the same indexes. {one.cpu}",
        )
        for one in done
    ]
    found += [
        Figure(
            f"memory of {name}",
            one.held[name],
            "MB",
            bare[name],
            Goal("<", 200) if one is done[-1] else None,
            one.obligations,
            f"with so many open timers; at most {one.most[name]:.0f} MB while publishing; "
            "the ceiling is Python with the same modules imported",
        )
        for name in bare
        for one in done
    ]
    return found


async def _published(ground: Ground, units: int, rest: float) -> _Published:
    async with ground.world("ingest", "scheduler", "notifier") as world:
        world.clock.set(_NOW)
        token = world.state / "token"
        await found_office(world.settings, OfficeSettings(office="bench", token_file=token))
        async with service(world, "ingest") as ingest, service(world, "scheduler") as scheduler:
            api = Api(f"http://{HOST}:{ingest.ports[1]}/", token.read_text().strip())
            plan = await asyncio.to_thread(_draft, api, world.state, units)
            await world.execute("VACUUM ANALYZE")
            effort = Effort([ingest, scheduler, *engine_processes(world)])
            effort.begin()
            async with Peaks([ingest, scheduler]) as peaks:
                obligations, answered, seconds = await _timed(world, api, plan, units)
            cpu = effort.for_one(obligations)
            api.close()
            held = await _held(world, units, [ingest, scheduler], rest)
        ceiling = await postgres.copying(world, _ROWS)
        most = {**held, **peaks.most}
        return _Published(units, obligations, answered, seconds, cpu, ceiling, held, most)


def _draft(api: Api, state: Path, units: int) -> UUID:
    """Units, and the real table as a plan of which each of them owes everything."""
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


async def _timed(world: World, api: Api, plan: UUID, units: int) -> tuple[int, float, float]:
    """Obligations; seconds until the office has its answer, and until the timers stand."""
    began = time.monotonic()

    def publish() -> tuple[int, float]:
        done = api.post(f"/v1/plans/{plan}/publish", {"include_past": True})
        return int(done["obligations"]), time.monotonic() - began

    answer = asyncio.create_task(asyncio.to_thread(publish))
    await climb(world.events_applied_by("scheduler-tasks"), units)
    seconds = time.monotonic() - began
    obligations, answered = await answer
    timers = await world.number("SELECT count(*) FROM scheduler.timers")
    if timers != obligations:
        raise CuibanError(f"{timers:.0f} timers stand for {obligations} obligations.")
    return obligations, answered, seconds


async def _held(world: World, units: int, running: list[Process], rest: float) -> dict[str, float]:
    """Megabytes of every service once all is quiet, with a notifier that knows the units."""
    async with service(world, "notifier") as notifier:
        await climb(world.events_applied_by("notifier-directory"), units)
        await asyncio.sleep(rest)
        return {each.name: each.megabytes() for each in (*running, notifier)}
