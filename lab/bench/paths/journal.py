"""The cost of the journal's hash chain: concurrent reports, and a large import.

    python -m lab.bench.paths.journal [--entries N] [--writers N] [--state DIRECTORY]

The same is measured with the chain's trigger off. It starts and stops its own database.
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

from lab.stack.testing import Engines, run_engines
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.bootstrap import create_office
from services.ingest.handlers.office.journal_audit import verify
from services.ingest.settings import IngestSettings
from services.ingest.store.journal import append_all
from shared.database.engine import create_engine
from shared.database.migrating import migrate
from shared.schemas import identity

_NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
_REPORTS = 2000


async def _measure_reports(engine: AsyncEngine, act: Act, writers: int) -> float:
    """Transactions per second, of one entry each, by concurrent writers."""

    async def write(number: int) -> None:
        for turn in range(_REPORTS // writers):
            async with engine.begin() as db:
                subject = f"{number}/{turn}"
                await note(db, act, "status.reported", subject, after={"status": "done"})

    began = perf_counter()
    await asyncio.gather(*map(write, range(writers)))
    return round(_REPORTS / (perf_counter() - began))


async def _measure_import(engine: AsyncEngine, act: Act, entries: int) -> tuple[float, float]:
    """Seconds for writing many entries in one transaction, and for its commit."""
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


async def measure(engines: Engines, entries: int, writers: int) -> dict[str, float]:
    """Measure everything; returns the figures by name."""
    url = await asyncio.to_thread(engines.create_database, "bench")
    await asyncio.to_thread(migrate, url, "ingest")
    settings = IngestSettings(kafka=engines.kafka, database_url=url, database_pool=writers)
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
            figures[f"{name}_reports_per_second"] = await _measure_reports(engine, act, writers)
            write, commit = await _measure_import(engine, act, entries)
            figures |= {f"{name}_import_write_s": write, f"{name}_import_commit_s": commit}
            if state == "ENABLE":
                began = perf_counter()
                async with engine.connect() as db:
                    verification = await verify(db, act)
                assert verification.broken is None  # noqa: S101 - otherwise the figures mean nothing
                figures["verify_entries_per_second"] = round(
                    verification.entries / (perf_counter() - began)
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
        run_engines(options.state or Path(fallback)) as running,
    ):
        figures = asyncio.run(measure(running, options.entries, options.writers))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
