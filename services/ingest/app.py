"""The process `python -m services.ingest.app`: API, history's consumer, relay, nightly audit."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.handlers.acting import SOURCE
from services.ingest.handlers.messages.gateway_states import keep_states
from services.ingest.handlers.messages.replies import take_replies
from services.ingest.handlers.office.dead_letters import keep_letters
from services.ingest.nightly import Nightly
from services.ingest.projection import TOPICS, project
from services.ingest.settings import IngestSettings
from services.ingest.store import dead_letter_tables, gateway_tables
from services.ingest.store.history_tables import CONSUMER
from services.ingest.store.tables import CONSUMING, OUTBOX
from shared import logging
from shared.clock import open_clock
from shared.database.engine import create_engine, describe_clock_trouble
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.delivery.group import run_group
from shared.kafka.delivery.watcher import watch
from shared.kafka.outbox.relay import Relay
from shared.process.running import run_service, run_until_signalled
from shared.process.service import build_health_port, wait_until_ready
from shared.process.serving import listen, serve
from shared.schemas.envelope import Envelope
from shared.schemas.flows import list_topics
from shared.schemas.topics import DEAD_LETTERS, GATEWAYS, RULES, TASKS, apply_prefix


def make_history_consumer(
    settings: IngestSettings, engine: AsyncEngine, reader: LogReader
) -> Consumer:
    """The consumer that records what units were sent, and what they replied."""
    clock = open_clock(settings.clock_file)

    async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
        await project(db, envelopes)
        await take_replies(db, envelopes, clock.now())

    return Consumer(
        name=CONSUMER,
        source=SOURCE,
        topics={apply_prefix(topic.name, settings.topic_prefix): topic for topic in TOPICS},
        handle=handle,
        engine=engine,
        tables=CONSUMING,
        reader=reader,
        clock=clock,
    )


def make_dead_letters_consumer(
    settings: IngestSettings, engine: AsyncEngine, reader: LogReader
) -> Consumer:
    """The consumer that keeps dead letters for people."""
    return Consumer(
        name=dead_letter_tables.CONSUMER,
        source=SOURCE,
        topics={apply_prefix(DEAD_LETTERS.name, settings.topic_prefix): DEAD_LETTERS},
        handle=partial(keep_letters, settings.topic_prefix),
        engine=engine,
        tables=CONSUMING,
        reader=reader,
        clock=open_clock(settings.clock_file),
    )


def make_gateways_consumer(
    settings: IngestSettings, engine: AsyncEngine, reader: LogReader
) -> Consumer:
    """The consumer that enters how the gateways are, and how tests of them ended."""
    return Consumer(
        name=gateway_tables.CONSUMER,
        source=SOURCE,
        topics={apply_prefix(GATEWAYS.name, settings.topic_prefix): GATEWAYS},
        handle=keep_states,
        engine=engine,
        tables=CONSUMING,
        reader=reader,
        clock=open_clock(settings.clock_file),
    )


async def run(settings: IngestSettings) -> None:
    """Run the service until a signal.

    Raises:
        CuibanError: the database, a topic or the broker is missing, or the port is taken.
    """
    engine = create_engine(settings, "cuiban-ingest")
    reader = LogReader(settings)
    history = make_history_consumer(settings, engine, reader)
    letters = make_dead_letters_consumer(settings, engine, reader)
    consumers = [history, letters, make_gateways_consumer(settings, engine, reader)]
    health = build_health_port(settings, engine, consumers=consumers, relays="ingest")
    health.require(
        "clock",
        partial(
            describe_clock_trouble, engine, open_clock(settings.clock_file), settings.clock_skew
        ),
    )
    try:
        await wait_until_ready(settings, engine, "ingest", list_topics("ingest"))
        sock = listen(settings.http_host, settings.http_port, "CUIBAN_HTTP_PORT")
        context = ApiContext(
            engine, open_clock(settings.clock_file), settings, read_plan_with_source
        )
        logging.log(__name__).info("health.listening", port=await health.start())
        await run_until_signalled(
            serve(create_application(context), sock, settings.trusted_proxies),
            *(run_group(each, settings, each.name) for each in consumers),
            *(watch(each, settings, reader) for each in consumers),
            Relay(engine, OUTBOX, settings, watermarks=(TASKS, RULES)).run(),
            Nightly(engine, open_clock(settings.clock_file), settings).run(),
        )
    finally:
        await health.stop()
        await reader.close()
        await engine.dispose()


def main() -> None:
    """Run the service with the settings of the environment."""
    run_service("ingest", IngestSettings, run)


if __name__ == "__main__":
    main()
