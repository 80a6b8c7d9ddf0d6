"""What `cuiban status` says of the streams of a stack that runs."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from deploy.ops.running import get_tables, list_services
from deploy.ops.streams import load_all_positions
from deploy.terminal.language import _
from shared.database.engine import create_engine
from shared.kafka.consuming import parking
from shared.settings import Settings


def summarise(settings: Settings) -> list[str]:
    """A line for what is stopped and one for what is parked; none when all is well."""
    return asyncio.run(_summarise(settings))


async def _summarise(settings: Settings) -> list[str]:
    engine = create_engine(settings, "cuiban-status")
    try:
        async with engine.connect() as db:
            rows = await load_all_positions(db)
            parked = 0
            for service in await list_services(db):
                table = get_tables(service).parked
                consumers = {consumer for name, consumer, *_ in rows if name == service}
                for consumer in consumers:
                    parked += (await parking.count_parked(db, table, consumer)).number
    except (SQLAlchemyError, OSError):
        return []  # the table of parts tells what does not run
    finally:
        await engine.dispose()
    stopped = [
        f"{consumer} {at.topic}/{at.number} ({row.stopped_for})"
        for _, consumer, at, row in rows
        if row.stopped_for
    ]
    lines = []
    if stopped:
        message = _("Stopped: {streams}. `cuiban ops streams` lists them.")
        lines.append(message.format(streams=", ".join(stopped)))
    if parked:
        message = _("Parked events: {number}. `cuiban ops parked` lists them.")
        lines.append(message.format(number=parked))
    return lines
