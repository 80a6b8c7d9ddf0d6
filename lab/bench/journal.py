"""What the journal's chain costs: reports at once, and a large import beside them.

    python -m lab.bench.journal [--entries N] [--writers N] [--state DIRECTORY]

Without the chain, the same with its trigger off. Starts a database of its own, and stops it.
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
from sqlalchemy.ext.asyncio import AsyncEngine

from lab.stack.testing import Engines, engines
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.auditing import verify
from services.ingest.handlers.office.bootstrap import create_office
from services.ingest.settings import IngestSettings
from services.ingest.store.journal import append_all
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.schemas import identity

_NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
_REPORTS = 2000


async def _reports(engine: AsyncEngine, act: Act, writers: int) -> float:
    """Transactions of one entry each, so many at once, a second."""

    async def write(number: int) -> None:
        for turn in range(_REPORTS // writers):
            async with engine.begin() as db:
                subject = f"{number}/{turn}"
                await note(db, act, "status.reported", subject, after={"status": "done"})

    began = perf_counter()
    await asyncio.gather(*map(write, range(writers)))
    return round(_REPORTS / (perf_counter() - began))


async def _import(engine: AsyncEngine, act: Act, entries: int) -> tuple[float, float]:
    """Seconds to write many entries in one transaction, and of its commit."""
    changes: dict[UUID, tuple[dict[str, str], dict[str, str]]] = {
        identity.derive_id("bench", number): ({}, {"name": f"第{number}单位"})
        for number in range(entries)
    }
    async with engine.connect() as db:
        began = perf_counter()
        await append_all(
            db,
            office_id=act.office_id,
            actor=act.actor,
            at=act.now,
            correlation_id=act.correlation_id,
            action="unit.imported",
            changes=changes,
        )
        written = perf_counter()
        await db.commit()
        return round(written - began, 2), round(perf_counter() - written, 2)


async def measure(running: Engines, entries: int, writers: int) -> dict[str, float]:
    """The figures."""
    url = await asyncio.to_thread(running.create_database, "bench")
    await asyncio.to_thread(migrate, url, "ingest")
    settings = IngestSettings(kafka=running.kafka, database_url=url, database_pool=writers)
    engine = create_engine(settings, "bench")
    figures: dict[str, float] = {}
    try:
        async with engine.begin() as db:
            office = await create_office(db, "bench", "测试办", _NOW)
        act = Act(office, "bench", _NOW, identity.derive_id("bench"))
        for name, state in (("chained", "ENABLE"), ("plain", "DISABLE")):
            async with engine.begin() as db:
                await db.execute(
                    text(f"ALTER TABLE ingest.journal {state} TRIGGER journal_is_sealed")
                )
            figures[f"{name}_reports_per_second"] = await _reports(engine, act, writers)
            write, commit = await _import(engine, act, entries)
            figures |= {f"{name}_import_write_s": write, f"{name}_import_commit_s": commit}
            if state == "ENABLE":
                began = perf_counter()
                async with engine.connect() as db:
                    proven = await verify(db, act)
                assert proven.broken is None  # noqa: S101 - else the figures mean nothing
                figures["verify_entries_per_second"] = round(
                    proven.entries / (perf_counter() - began)
                )
    finally:
        await engine.dispose()
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=20_000)
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with (
        tempfile.TemporaryDirectory() as fallback,
        engines(options.state or Path(fallback)) as running,
    ):
        figures = asyncio.run(measure(running, options.entries, options.writers))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
