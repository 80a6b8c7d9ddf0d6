"""Starting and stopping a service: readiness, health port, signals."""

import asyncio
import gc
import signal
import sys
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, NoReturn

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import clock, logging
from shared.database.migrating import check_migrated
from shared.errors import CuibanError, NotReadyError
from shared.kafka.broker import header_names
from shared.kafka.broker.provisioning import check_topics, list_partitions
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.outbox.backlog import describe_refused, describe_stopped
from shared.metrics import HealthPort
from shared.schemas.topics import Topic
from shared.settings import Settings


async def wait_until_ready(
    settings: Settings, engine: AsyncEngine, service: str, topics: Sequence[Topic]
) -> None:
    """Return once topics and migrations exist.

    Raises:
        NotReadyError: something is still missing after `settings.wait`.
        CuibanError: aiokafka has another version than the required one, or a topic's settings let
            the broker lose events.
    """
    header_names.check_aiokafka()
    until = clock.monotonic() + settings.wait / timedelta(seconds=1)
    while True:
        try:
            await check_migrated(engine, service)
            await check_topics(settings, topics)
        except NotReadyError as error:
            if clock.monotonic() >= until:
                raise
            logging.log(__name__).warning("service.waits", wants=str(error))
            await asyncio.sleep(1)
        else:
            return


def build_health_port(
    settings: Settings,
    engine: AsyncEngine,
    topics: Sequence[Topic] = (),
    consumers: Sequence[Consumer] = (),
    *,
    relays: str = "",
) -> HealthPort:
    """The health port of a service: ready while its database answers and its consumers progress.

    With `topics`, the broker must have them too. A service that works without a broker (its outbox
    fills meanwhile) names none. `relays` is the service whose outbox is relayed: it is not ready
    while the broker lacks acknowledged records. Parked and refused events are warnings.
    """
    within = settings.stalled_after.total_seconds()

    async def check_database() -> str:
        async with engine.connect() as db:
            await db.execute(text("SELECT 1"))
        return ""

    async def check_broker() -> str:
        try:
            await list_partitions(settings, topics)
        except NotReadyError as error:
            return error.message
        return ""

    async def check_streams() -> str:
        now = clock.monotonic()
        problems = (
            each.progress.describe_stalls(now, within, each.last_error) for each in consumers
        )
        return "; ".join(filter(None, problems))

    async def check_parked() -> str:
        return " ".join(filter(None, (each.progress.describe_parked() for each in consumers)))

    async def check_relay() -> str:
        return await describe_stopped(engine, relays) if relays else ""

    async def check_refused() -> str:
        return await describe_refused(engine, relays) if relays else ""

    checks = {"database": check_database, "streams": check_streams, "relay": check_relay}
    if topics:
        checks["broker"] = check_broker
    warnings = {"parked": check_parked, "outbox": check_refused}
    return HealthPort(settings.metrics_host, settings.metrics_port, checks, warnings)


def tune_garbage_collector() -> None:
    """Run the garbage collector 100 times less often than by default. Call it after all imports.

    A batch allocates about 50,000 objects, none of them in cycles. With the default threshold of
    700 the collector took a third of the time of a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 10, 10)


def refuse(error: CuibanError) -> NoReturn:
    """Log why the service does not start, and exit with status 78 (EX_CONFIG of sysexits.h)."""
    logging.log(__name__).error("service.refused", wrong=error.message, hint=error.hint)
    sys.exit(78)


async def run_until_signalled(*tasks: Coroutine[Any, Any, Any]) -> None:
    """Run tasks until SIGTERM or SIGINT; raises the error of a task that fails."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = [asyncio.create_task(task) for task in tasks]
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in [*running, waiting]:
            task.cancel()
        await asyncio.gather(*running, waiting, return_exceptions=True)
