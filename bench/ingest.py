"""How fast a plan of 46 measures is published to 20,000 units, until its last event is in Kafka.

Then one of its dates is moved by a revision.

    python -m bench.ingest [--units N] [--state DIRECTORY]

Starts a broker and a database of its own under the directory, and stops them.
"""

import argparse
import asyncio
import json
import logging
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from deploy.local.testing import Engines, engines
from services.ingest.extraction.reading import read_plan
from services.ingest.handlers.acting import Act
from services.ingest.handlers.bootstrap import create_office
from services.ingest.handlers.confirming import confirm
from services.ingest.handlers.plans import import_plan
from services.ingest.handlers.publishing import publish_plan
from services.ingest.handlers.revising import Document, revise
from services.ingest.handlers.settling import Action, Settlement, settle
from services.ingest.handlers.unit_file import UnitRow
from services.ingest.handlers.unit_import import import_units
from services.ingest.settings import IngestSettings
from services.ingest.tables import OUTBOX
from shared import identity
from shared.brokering import create_topics
from shared.database import engine_from, migrate
from shared.outbox import Relay

_TABLE = Path(__file__).parent.parent / "examples" / "yanting-2023.txt"
_NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)


async def prepare(engine: AsyncEngine, units: int) -> tuple[Act, UUID]:
    """The real table, all its names standing for all the units, so that each owes all of it."""
    async with engine.begin() as db:
        office = await create_office(db, "bench", "测试办", _NOW)
        act = Act(office, "bench", _NOW, identity.name("bench"))
        rows = [
            UnitRow(where=f"row {n}", name=f"第{n}单位", groups=("全部单位",))
            for n in range(2, units + 2)
        ]
        began = perf_counter()
        await import_units(db, act, rows)
    print(f"{units} units imported in {perf_counter() - began:.1f} s")  # noqa: T201
    data = _TABLE.read_bytes()
    async with engine.begin() as db:
        view = await import_plan(db, act, "table.txt", data, read_plan("table.txt", data))
        for measure in view.measures:
            changes = {"names": ["全部单位"], "lead": []}
            done = Settlement(measure.ref, Action.CHANGE, "bench", changes)
            await settle(db, act, view.plan_id, done)
            if measure.open:
                accepted = Settlement(measure.ref, Action.ACCEPT, "bench")
                await settle(db, act, view.plan_id, accepted)
    return act, view.plan_id


async def measure(running: Engines, units: int) -> dict[str, float]:
    """Seconds and rates of a publication, of its relay, and of publishing again."""
    url = await asyncio.to_thread(running.create_database, "bench")
    await asyncio.to_thread(migrate, url, "ingest")
    settings = IngestSettings(kafka=running.kafka, database_url=url)
    await create_topics(settings)
    engine = engine_from(settings, "bench")
    relay = asyncio.create_task(Relay(engine, OUTBOX, settings).run())
    try:
        act, plan_id = await prepare(engine, units)
        await _drained(engine)
        began = perf_counter()
        async with engine.begin() as db:
            done = await publish_plan(db, act, plan_id, include_past=True, limit=10**7)
        committed = perf_counter()
        await _drained(engine)
        relayed = perf_counter()
        async with engine.begin() as db:
            await publish_plan(db, act, plan_id, include_past=True, limit=10**7)
        again = perf_counter()
        amended, revised_seconds = await _revise(engine, act, plan_id)
        return {
            "units": done.units,
            "obligations": done.obligations,
            "publish_seconds": round(committed - began, 1),
            "relay_seconds": round(relayed - committed, 1),
            "publish_rate": round(done.obligations / (committed - began)),
            "published_and_relayed_rate": round(done.obligations / (relayed - began)),
            "again_seconds": round(again - relayed, 1),
            "revision_amended": amended,
            "revision_seconds": round(revised_seconds, 1),
            "ledger_page_ms": round(await _pages(engine, act), 1),
        }
    finally:
        relay.cancel()
        await asyncio.gather(relay, return_exceptions=True)
        await engine.dispose()


async def _revise(engine: AsyncEngine, act: Act, plan_id: UUID) -> tuple[int, float]:
    """Obligations amended by a revision that moves one measure's date, and its seconds."""
    data = _TABLE.read_text().replace("8月底", "9月底").encode()
    async with engine.begin() as db:
        document = Document("table.txt", data)
        found = await revise(db, act, plan_id, document, read_plan("table.txt", data))
        for change in found.changed:
            changes = {"names": ["全部单位"], "lead": []}
            done = Settlement(change.ref, Action.CHANGE, "bench", changes)
            await settle(db, act, found.row.plan_id, done)
    began = perf_counter()
    async with engine.begin() as db:
        revised = await confirm(
            db, act, plan_id, found.row.plan_id, digest=None, include_past=False, limit=10**7
        )
    return revised.obligations_amended, perf_counter() - began


async def _drained(engine: AsyncEngine) -> None:
    async with engine.connect() as db:
        while await _waiting(db):  # noqa: ASYNC110 - the relay is meant to know of no one waiting
            await asyncio.sleep(0.05)


async def _waiting(db: AsyncConnection) -> bool:
    found = await db.execute(text("SELECT EXISTS (SELECT FROM ingest.outbox)"))
    await db.commit()
    return bool(found.scalar_one())


async def _pages(engine: AsyncEngine, act: Act) -> float:
    """Milliseconds of a page of 500 from the middle of the ledger, the best of five."""
    from services.ingest.handlers.ledger import Wanted, ledger  # noqa: PLC0415 - measured alone

    times = []
    async with engine.connect() as db:
        after = (await ledger(db, act, Wanted(), None, 500))[-1].place
        for _ in range(5):
            began = perf_counter()
            after = (await ledger(db, act, Wanted(), after, 500))[-1].place
            times.append((perf_counter() - began) * 1000)
    return min(times)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with (
        tempfile.TemporaryDirectory() as fallback,
        engines(options.state or Path(fallback)) as running,
    ):
        figures = asyncio.run(measure(running, options.units))
    print(json.dumps(figures))  # noqa: T201


if __name__ == "__main__":
    main()
