"""Watches a consumer: measures its progress, and applies what delivery did not bring.

Every 2 s it compares the ends of the partitions with the positions. Work that may wait long
(reading a partition, a replay) runs in tasks of its own, so that metrics and readiness stay
current.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from shared import clock
from shared.errors import NotReadyError
from shared.kafka.broker import positions
from shared.kafka.broker.cancelling import stop_if_asked
from shared.kafka.broker.log_reader import BrokerUnavailableError, LogReader, OffsetRange
from shared.kafka.broker.positions import Position
from shared.kafka.broker.provisioning import list_partitions
from shared.kafka.broker.records import Partition
from shared.kafka.consuming import inbox, log_guard, parking, stop_reasons
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.consuming.error_text import describe_error
from shared.kafka.delivery.replay import replay_parked
from shared.logging import log
from shared.settings import Settings

_LOOK_AGAIN = 2.0
_OWNER_RESTS = 15.0
"""Seconds until a stalled partition of another process is read here: its owner may be dead."""
_FOLLOW_EVERY = 0.25
_FOLLOWS = 30.0
"""Seconds for which a partition without a delivery is read here; then a look decides again."""
_VERIFY_EVERY = 30.0
_TOPICS_EVERY = 30.0
"""Seconds between two listings of the partitions."""
_PRUNE_EVERY = 3600.0
_REMEMBER_DAYS = 30

Job = Callable[[], Awaitable[object]]


async def watch(consumer: Consumer, settings: Settings, reader: LogReader) -> None:
    """Watch a consumer until cancelled.

    It finds what no gap shows: a lost last event, a stalled delivery, a new partition, and a
    recreated log. Once an hour it deletes inbox ids that are older than any repeat.
    """
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_prune(consumer))
        await _Watcher(consumer, settings, reader, tasks).run()


async def _prune(consumer: Consumer) -> None:
    while True:
        await asyncio.sleep(_PRUNE_EVERY)
        try:
            async with consumer.engine.begin() as db:
                await inbox.prune(db, consumer.tables.inbox, consumer.name, _REMEMBER_DAYS)
        except Exception as error:  # noqa: BLE001 - it is repeated an hour later
            log(__name__).warning(
                "prune.waits", consumer=consumer.name, error=describe_error(error)
            )


class _Watcher:
    def __init__(
        self, consumer: Consumer, settings: Settings, reader: LogReader, tasks: asyncio.TaskGroup
    ) -> None:
        self._consumer, self._settings, self._reader = consumer, settings, reader
        self._progress = consumer.progress
        self._tasks = tasks
        self._jobs: dict[object, asyncio.Task[None]] = {}
        self._partitions: dict[str, list[Partition]] = {}
        self._listed_at = self._verified_at = float("-inf")
        self._began = False

    async def run(self) -> None:
        self._progress.begin(self._consumer.topics, clock.monotonic())
        while True:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - the watch must not end
                self._note_error(error)
            stop_if_asked()
            await asyncio.sleep(_LOOK_AGAIN)

    def _note_error(self, error: Exception) -> None:
        self._progress.look_error = describe_error(error)
        log(__name__).warning(
            "watch.waits", consumer=self._consumer.name, error=self._progress.look_error
        )

    async def _look(self) -> None:
        consumer, tables = self._consumer, self._consumer.tables
        async with consumer.engine.connect() as db:  # before the logs are read, which only grow
            rows = await positions.load_positions(db, tables.positions, consumer.name)
            parked = await parking.count_parked(db, tables.parked, consumer.name)
        for at in self._progress.see_stops(rows):
            why = self._progress.stopped[at]
            advice = stop_reasons.suggest_resume(consumer.name, at, why)
            log(__name__).error("stream.is_stopped", consumer=consumer.name, advice=advice)
        self._progress.see_parked(parked, clock.read_machine_time())
        if parked.number:
            if not self._began:  # a new release may have repaired the handler
                async with consumer.engine.begin() as db:
                    await parking.request_replay(db, tables.parked, consumer.name)
            self._start("replay", self._replay)
        self._began = True
        await self._list()
        now = clock.monotonic()
        everything = now >= self._verified_at + _VERIFY_EVERY
        if everything:
            self._verified_at = now
        for topic, partitions in self._partitions.items():
            try:
                spans = await self._reader.list_ranges(partitions)
            except BrokerUnavailableError as error:
                self._note_error(error)
                continue
            self._judge(topic, spans, rows, everything=everything)

    async def _list(self) -> None:
        """List the partitions; those of a topic that can't be described stay as they were."""
        if clock.monotonic() < self._listed_at + _TOPICS_EVERY:
            return
        partitions: dict[str, list[Partition]] = {}
        for name, topic in self._consumer.topics.items():
            try:
                partitions[name] = await list_partitions(self._settings, [topic])
            except (NotReadyError, OSError) as error:
                self._note_error(error)
                partitions[name] = self._partitions.get(name, [])
        self._partitions = partitions
        if all(partitions.values()):
            self._listed_at = clock.monotonic()

    def _judge(
        self,
        topic: str,
        spans: Mapping[Partition, OffsetRange],
        rows: Mapping[Partition, Position],
        *,
        everything: bool,
    ) -> None:
        """Start the jobs for a topic: verify a log, or read a stalled partition."""
        now = clock.monotonic()
        doubtful = set(self._progress.see(topic, spans, rows, now))
        compacted = self._consumer.guard.is_compacted
        gone = {at: OffsetRange(0, 0) for at in rows if at.topic == topic and at not in spans}
        for at, span in {**spans, **gone}.items():
            position = rows.get(at, Position())
            if position.stopped_for:
                continue
            stall = self._progress.stalls.get(at)
            if stall and now - stall.since >= self._get_patience(at):
                self._start(at, partial(self._heal, at, stall.end))
            elif (
                everything
                or at in doubtful
                or log_guard.judge_range(position, span, compacted=compacted(at))
            ):
                self._start(at, partial(self._verify, at, gone=at in gone))

    def _get_patience(self, at: Partition) -> float:
        """Seconds that a partition may stall; longer when it is delivered to another process."""
        assigned = self._consumer.assigned
        mine = assigned is None or at in assigned()
        return _LOOK_AGAIN * 0.9 if mine else _OWNER_RESTS

    async def _verify(self, at: Partition, *, gone: bool) -> None:
        """Verify a log; a partition that its topic no longer has lost all of its log."""
        if not gone:
            await self._consumer.guard.verify(at)
            return
        if at in await list_partitions(self._settings, [self._consumer.topics[at.topic]]):
            self._listed_at = float("-inf")  # the partition is new
            return
        position = await self._consumer.guard.load_position(at)
        if position.next_offset and not position.stopped_for:
            await self._consumer.guard.stop(at, position, stop_reasons.LOG_SHORTER)

    async def _heal(self, at: Partition, end: int) -> None:
        if await self._consumer.guard.verify(at):
            return
        position = await self._consumer.guard.load_position(at)
        log(__name__).warning(
            "watch.heals",
            consumer=self._consumer.name,
            topic=at.topic,
            partition=at.number,
            position=position.next_offset,
            end=end,
        )
        seen = self._consumer.deliveries[at]
        if await self._consumer.heal(at, end):
            await self._follow(at, end, seen)

    async def _follow(self, at: Partition, end: int, seen: int) -> None:
        """Read a partition directly, until something of it is delivered here again.

        A delivery can rest for minutes after a rebalance, and nobody is given the partitions of a
        topic that was made anew until the group lists them. Looks alone would find each record
        seconds late, and so would each service on the way from a fact to a message. A log that
        ends before the `end` seen last is left to the next look, which verifies it.
        """
        until = clock.monotonic() + _FOLLOWS
        while clock.monotonic() < until and self._consumer.deliveries[at] == seen:
            await asyncio.sleep(_FOLLOW_EVERY)
            last, end = end, (await self._reader.list_ranges([at]))[at].end
            if end < last or not await self._consumer.heal(at, end):
                return
            stop_if_asked()

    async def _replay(self) -> None:
        await replay_parked(self._consumer)

    def _start(self, what: object, job: Job) -> None:
        """Run a job in a task, unless one with the same name is running."""
        running = self._jobs.get(what)
        if running is None or running.done():
            self._jobs[what] = self._tasks.create_task(self._run_job(job))

    async def _run_job(self, job: Job) -> None:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - a later look starts the job again
            self._note_error(error)
