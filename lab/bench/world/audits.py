"""The nightly audit, out of the way of what is measured."""

import logging
import time

from lab.bench.world.engines import World
from services.ingest.nightly import Nightly
from services.ingest.settings import IngestSettings


async def audit_reminders(world: World) -> float:
    """Audit the reminders of all offices; how many seconds it takes.

    A service that finds no audit of the last night begins with it. That takes time from whatever is
    measured, and happens at night.
    """
    # No reminder was sent, so each is missing, and the log would name them.
    logging.getLogger(Nightly.__module__).setLevel(logging.CRITICAL)
    settings = IngestSettings(**world.settings.model_dump())
    began = time.monotonic()
    await Nightly(world.database, world.clock, settings).audit_due_offices()
    return time.monotonic() - began
