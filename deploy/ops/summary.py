"""What `cuiban status` says of the streams of a stack that runs."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.running import get_tables, list_services
from deploy.ops.streams import load_all_positions
from deploy.terminal.language import _
from services.ingest.store.holds import count_held_offices
from shared.database.engine import create_engine
from shared.kafka.consuming import parking
from shared.settings import Settings


def summarise(settings: Settings) -> list[str]:
    """A line each for what is stopped, parked and held; none when all is well."""
    return asyncio.run(_summarise(settings))


async def _summarise(settings: Settings) -> list[str]:
    engine = create_engine(settings, "cuiban-status")
    try:
        async with engine.connect() as db:
            summary = await summarise_streams(db)
            held = await _count_holds(db)
    except (SQLAlchemyError, OSError):
        return []  # the table of parts tells what does not run
    finally:
        await engine.dispose()
    lines = []
    if summary.stopped:
        message = _("Stopped: {streams}. `cuiban ops streams` lists them.")
        lines.append(message.format(streams=", ".join(summary.stopped)))
    if summary.parked:
        message = _("Parked events: {number}. `cuiban ops parked` lists them.")
        lines.append(message.format(number=summary.parked))
    if held:
        message = _("Sending is held in {number} offices. `cuiban ops holds` lists them.")
        lines.append(message.format(number=held))
    return lines


@dataclass(frozen=True, slots=True)
class StreamSummary:
    """The streams of all services.

    Attributes:
        partitions: how many are read, counted once for each consumer.
        stopped: consumer, topic, partition and reason of each that is not read.
        parked: how many events wait for a replay.
    """

    partitions: int
    stopped: tuple[str, ...]
    parked: int


async def summarise_streams(db: AsyncConnection) -> StreamSummary:
    """What is stopped and what is parked."""
    rows = await load_all_positions(db)
    parked = 0
    for service in await list_services(db):
        table = get_tables(service).parked
        for consumer in {each[1] for each in rows if each[0] == service}:
            parked += (await parking.count_parked(db, table, consumer)).number
    stopped = [
        f"{consumer} {at.topic}/{at.number} ({row.stopped_for})"
        for _, consumer, at, row in rows
        if row.stopped_for
    ]
    return StreamSummary(len(rows), tuple(stopped), parked)


async def _count_holds(db: AsyncConnection) -> int:
    """In how many offices something is held; none where ingest's tables are not here."""
    if "ingest" not in await list_services(db):
        return 0
    return await count_held_offices(db)
