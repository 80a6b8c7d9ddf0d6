"""The relay: takes a service's outbox to Kafka, in order, at least once."""

import asyncio
from collections.abc import Sequence
from zlib import crc32

from aiokafka.errors import KafkaError
from sqlalchemy import Table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared import metrics
from shared.clock import Clock, open_clock
from shared.database.engine import to_milliseconds
from shared.database.news import News, Subject
from shared.errors import CuibanError
from shared.kafka.broker.cancelling import stop_if_asked
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.outbox.acknowledgements import Acknowledgements
from shared.kafka.outbox.backlog import measure_backlog
from shared.kafka.outbox.leader import Leader
from shared.kafka.outbox.restored import WRITTEN, look_for_restore
from shared.kafka.outbox.sending import Sender, open_sender
from shared.kafka.outbox.watermark_sender import WatermarkSender
from shared.logging import log
from shared.schemas.topics import Topic
from shared.settings import Settings


class Relay:
    """Takes a service's outbox to Kafka, one process at a time, in order, at least once.

    An advisory lock on a connection of its own elects the leader. Rows are marked only after the
    broker's acknowledgement, through that connection, so a relay that lost it can't mark any. A
    relay that hangs loses its session, and with it the lock, after `hung_after`; records that it
    sends later are repeats. Marked rows stay for `replay_window`.

    It also sends watermarks to the topics in `watermarks` (`shared.kafka.outbox.watermark_sender`).
    """

    def __init__(
        self,
        engine: AsyncEngine,
        outbox: Table,
        settings: Settings,
        *,
        watermarks: Sequence[Topic] = (),
        clock: Clock | None = None,
    ) -> None:
        self._engine = engine
        self._outbox = outbox
        self._settings = settings
        self._marked_topics = watermarks
        self._clock = clock or open_clock(settings.clock_file)
        self._lock = crc32(f"relay {outbox.fullname}".encode())
        self._log = log(__name__)

    async def run(self) -> None:
        """Relay, and measure the backlog, until cancelled; infrastructure errors are waited out."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lead_again())
            group.create_task(measure_backlog(self._engine, self._outbox))

    async def _lead_again(self) -> None:
        while True:
            try:
                await self._lead()
            except (SQLAlchemyError, KafkaError, OSError, TimeoutError, CuibanError) as error:
                metrics.FAULTS.labels("relay").inc()
                self._log.warning("relay.interrupted", error=str(error)[:300])
            stop_if_asked()
            await asyncio.sleep(0.5)

    async def _lead(self) -> None:
        reader = LogReader(self._settings)
        async with self._engine.connect() as db:
            try:
                await self._acquire_lock(db)
                await self._look_for_restore(reader)
                async with open_sender(self._settings) as sending:
                    self._log.info("relay.leading", outbox=self._outbox.fullname)
                    await self._build_leader(db, sending, reader).run()
            finally:
                # In the pool the session would keep the lock.
                await asyncio.shield(db.invalidate())
                await reader.close()

    async def _look_for_restore(self, reader: LogReader) -> None:
        """A connection that broke may lead to a database that failed over, and lost events."""
        schema = self._outbox.schema or ""
        if schema in WRITTEN:
            await look_for_restore(self._engine, schema, self._settings, reader)

    async def _acquire_lock(self, db: AsyncConnection) -> None:
        """Return once this session holds the lock."""
        hung = text("SELECT set_config('idle_session_timeout', :after, false)")
        await db.execute(hung, {"after": to_milliseconds(self._settings.hung_after)})
        locked = text("SELECT pg_try_advisory_lock(:lock)")
        while not (await db.execute(locked, {"lock": self._lock})).scalar_one():
            await db.commit()
            await asyncio.sleep(1)
        await db.commit()

    def _build_leader(self, db: AsyncConnection, sending: Sender, reader: LogReader) -> Leader:
        return Leader(
            db,
            self._outbox,
            self._settings,
            sending,
            Acknowledgements(self._outbox, self._settings.topic_prefix, reader),
            WatermarkSender(self._marked_topics, self._clock, self._settings),
            News(self._engine, Subject.OUTBOX),
        )
