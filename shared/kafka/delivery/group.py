"""Delivers records to a consumer through a plain consumer group, without faust."""

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared import metrics
from shared.backoff import Backoff
from shared.kafka.broker.cancelling import stop_if_asked
from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.log_reader import to_raw_record
from shared.kafka.broker.records import Partition
from shared.kafka.consuming.consumer import Consumer
from shared.kafka.consuming.error_text import describe_error
from shared.logging import log
from shared.settings import Settings

BATCH = 500
FETCH_WAIT = 0.2
"""Seconds that a broker holds an empty fetch. aiokafka has one open fetch per broker, and records
of partitions that are not in it wait until it ends."""
METADATA_AGE = 60
"""Seconds after which a consumer lists the partitions again."""


async def run_group(consumer: Consumer, settings: Settings, group: str) -> None:
    """Deliver a consumer's topics through a plain group consumer, until cancelled."""
    pauses = Backoff(1.0)
    while True:
        kafka = AIOKafkaConsumer(
            *consumer.topics,
            **build_client_options(settings),
            group_id=f"{settings.topic_prefix}cuiban-{group}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=8 * 2**20,
            fetch_max_wait_ms=int(FETCH_WAIT * 1000),
            metadata_max_age_ms=METADATA_AGE * 1000,
            session_timeout_ms=int(settings.session_timeout.total_seconds() * 1000),
            heartbeat_interval_ms=int(settings.session_timeout.total_seconds() * 100),
        )
        consumer.assigned = lambda kafka=kafka: {
            Partition(tp.topic, tp.partition) for tp in kafka.assignment()
        }
        try:
            await kafka.start()
            while True:
                batches = await kafka.getmany(timeout_ms=1000, max_records=BATCH)
                for batch in batches.values():
                    await consumer.apply([to_raw_record(record) for record in batch])
                if batches:
                    await kafka.commit()
                pauses.reset()
        except (KafkaError, OSError) as error:
            metrics.FAULTS.labels(consumer.name).inc()
            log(__name__).warning("group.interrupted", group=group, error=describe_error(error))
            await pauses.wait()
        finally:
            await kafka.stop()
        stop_if_asked()
