"""What `cuiban status` says of the streams of a stack that runs."""

import asyncio

from sqlalchemy.exc import SQLAlchemyError

from deploy.ops.running import services_here, tables_of
from deploy.ops.streams import rows_here
from deploy.terminal.language import _
from shared.consuming import parking
from shared.database.engine import create_engine
from shared.settings import Settings


def summary(settings: Settings) -> list[str]:
    """A line for what is stopped and one for what is parked; none when all is well."""
    return asyncio.run(_summary(settings))


async def _summary(settings: Settings) -> list[str]:
    engine = create_engine(settings, "cuiban-status")
    try:
        async with engine.connect() as db:
            rows = await rows_here(db)
            parked = 0
            for service in await services_here(db):
                table = tables_of(service).parked
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
