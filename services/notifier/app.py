"""The notifier's process: builds and connects its parts. `python -m services.notifier.app`."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import NoReturn

import uvloop
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier import handlers
from services.notifier.dispatch.board import Board
from services.notifier.dispatch.bounce_reading import BounceReading
from services.notifier.dispatch.calendar_mails import CalendarMails
from services.notifier.dispatch.channels import make_channels, make_lanes, make_portal
from services.notifier.dispatch.forgetting import Forgetting
from services.notifier.dispatch.gateway_tests import GatewayTests
from services.notifier.dispatch.link_mails import LinkMails
from services.notifier.dispatch.receipt_pulling import ReceiptPulling
from services.notifier.dispatch.reloading import ChannelSetup, Reloading
from services.notifier.domain.reporting import SOURCE
from services.notifier.gateways.building import build_gateways
from services.notifier.gateways.catching import check_mail
from services.notifier.gateways.protocol import NoGateway
from services.notifier.gateways.push_reading import PushReader
from services.notifier.gateways.switched import SwitchedGateway
from services.notifier.settings import NotifierSettings
from services.notifier.store.tables import INBOX, OUTBOX, PARKED, POSITIONS
from shared import logging
from shared.clock import Clock, open_clock
from shared.database.engine import create_engine, describe_clock_trouble
from shared.database.trusted_clock import TrustedClock
from shared.errors import CuibanError
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.consuming.consumer import Consumer, Tables
from shared.kafka.delivery.faust_agents import add_agent, create_faust_app
from shared.kafka.delivery.watcher import watch
from shared.kafka.outbox.relay import Relay
from shared.metrics import HealthPort
from shared.process.running import refuse, tune_garbage_collector
from shared.process.service import build_health_port, wait_until_ready
from shared.process.worker import Loop, Loops, run_worker
from shared.schemas import topics
from shared.schemas.envelope import Envelope
from shared.schemas.flows import list_topics
from shared.schemas.rules import Channel
from shared.schemas.topics import Topic
from shared.tracing.starting import start_tracing

SERVICE = "notifier"
TOPICS = (topics.REMINDERS, topics.DIRECTORY, topics.RULES, topics.RECEIPTS)
_WITHIN = 0.05

Handler = Callable[[AsyncConnection, Sequence[Envelope], datetime], Awaitable[None]]


def list_handlers(pushes: PushReader) -> tuple[tuple[str, Topic, Handler], ...]:
    """The consumers' names, topics and handlers."""
    return (
        ("notifier-reminders", topics.REMINDERS, handlers.handle_reminders),
        ("notifier-directory", topics.DIRECTORY, handlers.handle_directory),
        ("notifier-rules", topics.RULES, handlers.handle_rules),
        ("notifier-receipts", topics.RECEIPTS, partial(handlers.handle_receipts, pushes)),
    )


def make_consumers(
    settings: NotifierSettings,
    engine: AsyncEngine,
    reader: LogReader,
    clock: Clock,
    pushes: PushReader,
) -> list[Consumer]:
    """The notifier's consumers: one for each topic. `pushes` reads what gateways push."""
    trusted = TrustedClock(clock, settings.clock_skew)

    def bound(handler: Handler) -> Callable[[AsyncConnection, Sequence[Envelope]], Awaitable[None]]:
        async def handle(db: AsyncConnection, envelopes: Sequence[Envelope]) -> None:
            await handler(db, envelopes, await trusted.now(db))

        return handle

    return [
        Consumer(
            name=name,
            source=SOURCE,
            topics={topics.apply_prefix(topic.name, settings.topic_prefix): topic},
            handle=bound(handler),
            engine=engine,
            tables=Tables(POSITIONS, INBOX, OUTBOX, PARKED),
            reader=reader,
            clock=clock,
        )
        for name, topic, handler in list_handlers(pushes)
    ]


def make_link_mails(
    settings: NotifierSettings, engine: AsyncEngine, clock: Clock
) -> LinkMails | None:
    """What sends new links; None without a portal or a mail server."""
    portal, gateway = make_portal(settings), build_gateways(settings)[Channel.EMAIL][0].gateway
    if portal is None or isinstance(gateway, NoGateway):
        return None
    return LinkMails(
        engine=engine,
        gateway=SwitchedGateway(gateway),
        clock=TrustedClock(clock, settings.clock_skew),
        portal=portal,
        lease=settings.lease,
        pauses=settings.retry_delays,
    )


def make_calendar_mails(
    settings: NotifierSettings, engine: AsyncEngine, gateway: SwitchedGateway | None
) -> CalendarMails | None:
    """What takes due dates out of calendars; None where mails bring none, or without a mail server.

    `gateway` is that of other single mails, if there are any.
    """
    if not settings.mail_calendar:
        return None
    if gateway is None:
        own = build_gateways(settings)[Channel.EMAIL][0].gateway
        gateway = None if isinstance(own, NoGateway) else SwitchedGateway(own)
    if gateway is None:
        return None
    return CalendarMails(engine, gateway, settings.lease, settings.retry_delays)


def _make_health(
    settings: NotifierSettings, engine: AsyncEngine, consumers: list[Consumer], board: Board
) -> HealthPort:
    health = build_health_port(settings, engine, [topics.REMINDERS], consumers, relays=SERVICE)
    clock = open_clock(settings.clock_file)
    health.require("clock", partial(describe_clock_trouble, engine, clock, settings.clock_skew))
    health.warnings |= {
        "held": board.describe_held,
        "holds": board.describe_holds,
        "resting": board.describe_resting,
        "mail": partial(check_mail, settings),
    }
    return health


def run() -> NoReturn:
    """Run the notifier until a signal."""
    logging.configure(SERVICE)
    try:
        settings = NotifierSettings.load()
        logging.configure(SERVICE, settings.log_format, settings.log_level)
        start_tracing(SERVICE, settings.otlp_endpoint)
        clock = open_clock(settings.clock_file)
        engine = create_engine(settings, f"cuiban-{SERVICE}")
        lanes = make_lanes(settings, engine, clock)
        pushes = PushReader.of_settings(settings)
        bounces = BounceReading.of_settings(settings, engine, clock)
        pulling = ReceiptPulling.of_settings(settings, engine, clock)
        link_mails = make_link_mails(settings, engine, clock)
        of_links = link_mails.gateway if link_mails else None
        calendar_mails = make_calendar_mails(settings, engine, of_links)
    except CuibanError as error:
        refuse(error)
    uvloop.install()
    tune_garbage_collector()
    reader = LogReader(settings)
    app = create_faust_app(settings, SERVICE)
    consumers = make_consumers(settings, engine, reader, clock, pushes)
    board = Board(engine, clock, lanes)
    health = _make_health(settings, engine, consumers, board)
    health.warnings |= {"bounces": bounces.describe_failing, "receipts": pulling.describe_failing}
    loops: list[Loop] = [Relay(engine, OUTBOX, settings).run, board.run]
    loops += [lane.run for lane in lanes]
    loops += [bounces.run, pulling.run]
    mails = [each for each in (link_mails, calendar_mails) if each]
    loops += [each.run for each in mails]
    mail = mails[0].gateway if mails else None

    def reload() -> dict[Channel, ChannelSetup]:
        pushes.reload()
        bounces.reload()
        pulling.reload()
        return make_channels(settings)

    loops.append(Reloading(reload, lanes, mail).run)
    trusted = TrustedClock(clock, settings.clock_skew)
    loops.append(Forgetting(engine, trusted).run)
    loops.append(GatewayTests(engine, trusted, lanes, settings.lease).run)
    for consumer in consumers:
        add_agent(app, consumer, next(iter(consumer.topics)), _WITHIN)
        loops.append(partial(watch, consumer, settings, reader))

    async def close() -> None:
        await reader.close()
        await engine.dispose()

    run_worker(
        app,
        Loops(
            before=partial(wait_until_ready, settings, engine, SERVICE, list_topics(SERVICE)),
            loops=loops,
            health=health,
            after=close,
        ),
    )


if __name__ == "__main__":
    run()
