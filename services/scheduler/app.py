"""The scheduler's process: builds and connects its parts. `python -m services.scheduler.app`."""

from functools import partial
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine

from services.scheduler.handlers import deliveries, rules
from services.scheduler.handlers.tasks import Tasks
from services.scheduler.settings import SOURCE, SchedulerSettings
from services.scheduler.store.offices import Timetables
from services.scheduler.store.tables import CONSUMING, OUTBOX, RULES_CONSUMER, TASKS_CONSUMER
from services.scheduler.ticking import Ticking
from shared import logging
from shared.clock import open_clock
from shared.database.engine import create_engine
from shared.database.trusted_clock import TrustedClock
from shared.errors import CuibanError
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.consuming.consumer import Consumer, Handle
from shared.kafka.delivery.faust_agents import add_agent, create_faust_app
from shared.kafka.delivery.watcher import watch
from shared.kafka.outbox.relay import Relay
from shared.process.running import refuse, tune_garbage_collector
from shared.process.service import build_health_port, wait_until_ready
from shared.process.worker import Loops, run_worker
from shared.schemas.flows import list_topics
from shared.schemas.topics import DELIVERIES, RULES, TASKS, Topic, apply_prefix
from shared.tracing.starting import start_tracing

SERVICE = "scheduler"


def make_consumers(
    settings: SchedulerSettings, engine: AsyncEngine, reader: LogReader, timetables: Timetables
) -> list[Consumer]:
    """The scheduler's consumers: tasks, rules and deliveries."""
    clock = open_clock(settings.clock_file)

    def make_consumer(topic: Topic, name: str, handle: Handle) -> Consumer:
        topics = {apply_prefix(topic.name, settings.topic_prefix): topic}
        return Consumer(name, SOURCE, topics, handle, engine, CONSUMING, reader, clock)

    trusted = TrustedClock(clock, settings.clock_skew)
    tasks = Tasks(trusted, timetables, settings.told_horizon)
    return [
        make_consumer(TASKS, TASKS_CONSUMER, tasks.handle),
        make_consumer(RULES, RULES_CONSUMER, rules.handle),
        make_consumer(DELIVERIES, "scheduler-deliveries", deliveries.handle),
    ]


def run() -> NoReturn:
    """Run the service until a signal; never returns."""
    try:
        settings = SchedulerSettings.load()
    except CuibanError as error:
        logging.configure(SERVICE)
        refuse(error)
    logging.configure(SERVICE, settings.log_format, settings.log_level)
    start_tracing(SERVICE, settings.otlp_endpoint)
    engine = create_engine(settings, "cuiban-scheduler")
    reader = LogReader(settings)
    ticking = Ticking(engine, settings, open_clock(settings.clock_file))
    app = create_faust_app(settings, SERVICE)
    consumers = make_consumers(settings, engine, reader, ticking.timetables)
    for consumer in consumers:
        for topic in consumer.topics:
            add_agent(app, consumer, topic, within=settings.gather.total_seconds())

    async def close() -> None:
        await reader.close()
        await ticking.close()
        await engine.dispose()

    health = build_health_port(settings, engine, [TASKS], consumers, relays=SERVICE)
    health.require("clock", ticking.explain_distrust)
    loops = Loops(
        before=partial(wait_until_ready, settings, engine, SERVICE, list_topics(SERVICE)),
        loops=[
            Relay(engine, OUTBOX, settings).run,
            ticking.fire_for_ever,
            ticking.plan_for_ever,
            ticking.audit_for_ever,
            *(partial(watch, consumer, settings, reader) for consumer in consumers),
        ],
        health=health,
        after=close,
    )
    tune_garbage_collector()
    run_worker(app, loops)


if __name__ == "__main__":
    run()
