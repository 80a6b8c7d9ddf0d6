"""What a service of Kafka and PostgreSQL waits for, and its health port."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared import clock, logging
from shared.database.schema_version import check_migrated
from shared.errors import NotReadyError
from shared.kafka.broker import header_names
from shared.kafka.broker.log_reader import BrokerUnavailableError, LogReader
from shared.kafka.broker.provisioning import check_topics, list_partitions
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.outbox.backlog import describe_refused, describe_stopped
from shared.kafka.outbox.restored import describe_restore, look_for_restore
from shared.metrics import HealthPort
from shared.schemas.topics import Topic
from shared.settings import Settings


async def wait_until_ready(
    settings: Settings, engine: AsyncEngine, service: str, topics: Sequence[Topic]
) -> None:
    """Return once topics and migrations exist, and it is known whether the database was restored.

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
            await _look_for_restore(engine, service, settings)
        except NotReadyError as error:
            if clock.monotonic() >= until:
                raise
            logging.log(__name__).warning("service.waits", wants=str(error))
            await asyncio.sleep(1)
        else:
            return


async def _look_for_restore(engine: AsyncEngine, service: str, settings: Settings) -> None:
    reader = LogReader(settings)
    try:
        await look_for_restore(engine, service, settings, reader)
    except BrokerUnavailableError as error:
        raise NotReadyError(str(error), "Start the broker.") from error
    finally:
        await reader.close()


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
    while the broker lacks acknowledged records. Parked and refused events are warnings, and
    so is a restore that is not accepted.
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

    async def check_restore() -> str:
        return await describe_restore(engine, relays) if relays else ""

    checks = {"database": check_database, "streams": check_streams, "relay": check_relay}
    if topics:
        checks["broker"] = check_broker
    warnings = {"parked": check_parked, "outbox": check_refused, "restore": check_restore}
    return HealthPort(settings.metrics_host, settings.metrics_port, checks, warnings)
