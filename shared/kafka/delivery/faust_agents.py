"""Delivers records to a consumer through faust's agents.

Faust's committed offsets are not used: faust loses events when a handler raises, when a worker is
stopped within a batch, and when a stream is suspended for a rebalance. The measurements are in
docs/adr/0002-position-in-the-database.md.

Two long waits of faust's transport are shortened (docs/adr/0052-short-waits-for-kafka.md). aiokafka
has one open fetch per broker, for the partitions whose buffer is empty. Records of other partitions
wait until it ends, and faust lets the broker hold an empty fetch for 1.5 s. Also, a full faust
buffer pauses its partition for up to 1 s, even if it is drained sooner.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.exceptions import ConsumerNotStarted
from faust.transport.consumer import RecordMap
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.transport.drivers.aiokafka import Consumer as KafkaConsumer
from faust.types.transports import TransportT
from faust.types.tuples import TP
from mode import CrashingSupervisor
from typing_extensions import override

from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.header_names import AIOKAFKA
from shared.kafka.broker.library_internals import Internal, require_internals
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.delivery.group import BATCH, FETCH_WAIT, METADATA_AGE
from shared.settings import Settings

_PARTITIONS_AT_ONCE = 2
"""One prepares its rows while PostgreSQL writes those of the other; no unit is in both."""
_FAUST = "0.15.3"
"""The release whose transport this module replaces."""
_FULL_WAIT = 0.02
"""Seconds until a full buffer is checked again."""
_THREAD_WAIT = 0.01
"""Seconds until a thread that is starting is looked at again."""


def check_faust() -> None:
    """Make sure that the installed faust has the transport that is replaced here.

    Raises:
        CuibanError: it is another release.
    """
    parts = [
        Internal(KafkaConsumer, "_wait_next_records", ("self", "timeout")),
        Internal(KafkaConsumer, "_get_active_partitions", ("self",)),
        Internal(KafkaConsumer, "_new_consumer_thread", ("self",)),
        Internal(KafkaConsumer, "_buffered_partitions"),
        Internal(AIOKafkaConsumerThread, "_create_worker_consumer", ("self", "transport")),
        Internal(AIOKafkaConsumerThread, "_thread"),
        Internal(faust.App, "_new_transport", ("self",)),
    ]
    require_internals("faust-streaming", _FAUST, parts)


class _Thread(AIOKafkaConsumerThread):
    @override
    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # faust has no setting for it; the consumer reads it when it starts.
        require_internals("aiokafka", AIOKAFKA, [Internal(consumer, "_fetch_max_wait_ms")])
        consumer._fetch_max_wait_ms = int(FETCH_WAIT * 1000)  # noqa: SLF001
        return consumer

    @override
    async def stop(self) -> None:
        # mode ignores a stop before the thread has begun. The thread would then run for ever, and
        # hold its partitions without reading them (docs/adr/0090-a-stop-has-an-end.md).
        while self._is_beginning():  # noqa: ASYNC110 - an event of another thread's loop
            await asyncio.sleep(_THREAD_WAIT)
        await super().stop()

    def _is_beginning(self) -> bool:
        thread = self._thread
        return thread is not None and thread.is_alive() and not self._started.is_set()


class _Consumer(KafkaConsumer):
    @override
    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    @override
    async def _wait_next_records(self, timeout: float) -> tuple[RecordMap | None, set[TP] | None]:
        if not self._buffered_partitions:
            return await super()._wait_next_records(timeout)
        if not self._get_active_partitions():  # faust would sleep for a second
            await asyncio.sleep(_FULL_WAIT)
            return {}, set()
        return await super()._wait_next_records(_FULL_WAIT)


class _Transport(Transport):
    Consumer = _Consumer


class _App(faust.App):
    """A faust app whose consumer waits only briefly for the broker and for full buffers."""

    @override
    async def on_first_start(self) -> None:
        """Make no directories: there are no tables, and the place may not be writable."""

    @override
    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)


def create_faust_app(settings: Settings, service: str) -> faust.App:
    """A faust app that only delivers: no web server, tables, leader, or topic creation."""
    return _App(
        f"{settings.topic_prefix}cuiban-{service}",
        broker=[f"kafka://{host}" for host in settings.kafka.split(",")],
        broker_credentials=_build_credentials(settings),
        autodiscover=False,
        web_enabled=False,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        stream_wait_empty=False,
        stream_buffer_maxsize=BATCH,
        broker_max_poll_records=BATCH,
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_timeout.total_seconds(),
        broker_heartbeat_interval=settings.session_timeout.total_seconds() / 10,
        consumer_metadata_max_age_ms=METADATA_AGE * 1000,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=2**20,  # a larger record still comes, alone (KIP-74)
        worker_redirect_stdouts=False,
    )


def _build_credentials(settings: Settings) -> Credentials | None:
    """How faust's consumer connects: faust's form of `build_client_options`."""
    options = build_client_options(settings)
    if settings.kafka_uses_sasl:
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=options.get("ssl_context"),
            mechanism=options["sasl_mechanism"],
        )
    return SSLCredentials(options["ssl_context"]) if settings.kafka_uses_tls else None


def add_agent(app: faust.App, consumer: Consumer, topic_name: str, within: float) -> None:
    """Let faust deliver a topic to a consumer, in batches collected for `within` seconds."""
    topic = app.topic(
        topic_name,
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )

    def get_assigned() -> set[Partition]:
        try:
            return {Partition(tp.topic, tp.partition) for tp in app.consumer.assignment()}
        except ConsumerNotStarted:
            return set()

    consumer.assigned = get_assigned
    turns = asyncio.Semaphore(_PARTITIONS_AT_ONCE)

    async def apply(records: Sequence[RawRecord]) -> None:
        async with turns:
            await consumer.apply(records)

    async def deliver(stream: Any) -> None:  # noqa: ANN401 - faust's stream has no public type
        # The leading noack() stops a background drainer that would ack unseen events.
        async for events in stream.noack().noack_take(BATCH, within=within):
            async with asyncio.TaskGroup() as group:
                for records in _group_by_partition(
                    _to_raw_record(event.message) for event in events
                ):
                    group.create_task(apply(records))
            for event in events:
                await stream.ack(event)

    app.agent(
        topic,
        name=f"{consumer.name}-{topic_name}",
        concurrency=1,
        supervisor_strategy=CrashingSupervisor,
    )(deliver)


def _to_raw_record(message: Any) -> RawRecord:  # noqa: ANN401 - faust's message has no public type
    headers = message.headers or ()
    pairs = headers.items() if hasattr(headers, "items") else headers
    return RawRecord(
        Partition(message.topic, message.partition),
        message.offset,
        message.key,
        message.value,
        tuple(pairs),
        round(message.timestamp * 1000),  # faust tells seconds
    )


def _group_by_partition(records: Iterable[RawRecord]) -> list[list[RawRecord]]:
    groups: dict[Partition, list[RawRecord]] = defaultdict(list)
    for record in records:
        groups[record.partition].append(record)
    return [sorted(group, key=lambda record: record.offset) for group in groups.values()]
