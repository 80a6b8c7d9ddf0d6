"""The broker's topics: made by a command, looked for by every service at its start."""

from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from shared.errors import CuibanError, NotReadyError
from shared.positions import Partition
from shared.settings import Settings
from shared.topics import TOPICS, Topic, named

_EXISTS = 36  # TOPIC_ALREADY_EXISTS, Kafka protocol error codes
_UNKNOWN = 3  # UNKNOWN_TOPIC_OR_PARTITION
_FOR_EVER = "-1"


async def create_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Make the topics that the broker lacks; those that exist stay as they are.

    Returns:
        The names of those that were made.

    Raises:
        NotReadyError: the broker does not answer.
        CuibanError: the broker refused a topic.
    """
    wanted = [
        NewTopic(
            named(topic.name, settings.topic_prefix),
            settings.partitions,
            settings.replication,
            topic_configs={
                "cleanup.policy": "compact" if topic.compacted else "delete",
                "retention.ms": _FOR_EVER,
                "max.message.bytes": str(8 * 2**20),
                # The broker opens what a client compressed, so that the limit holds for what
                # consumers get: a megabyte may hold a gigabyte, or a codec that they lack.
                "compression.type": "uncompressed",
            },
        )
        for topic in topics
    ]
    admin = await _connected(settings)
    try:
        answer = await admin.create_topics(wanted)
    finally:
        await admin.close()
    made = []
    for name, code, *_ in answer.topic_errors:
        if code == 0:
            made.append(name)
        elif code != _EXISTS:
            raise CuibanError(f"The broker refused to make the topic {name}: {for_code(code)}.")
    return made


async def partitions_of(settings: Settings, topics: Iterable[Topic]) -> list[Partition]:
    """Every partition of some topics.

    Raises:
        NotReadyError: the broker does not answer, or lacks one of the topics.
    """
    names = [named(topic.name, settings.topic_prefix) for topic in topics]
    admin = await _connected(settings)
    try:
        described = await admin.describe_topics(names)
    except KafkaError as error:
        raise _away(settings) from error
    finally:
        await admin.close()
    missing = [d["topic"] for d in described if d["error_code"] == _UNKNOWN]
    if missing:
        raise NotReadyError(
            f"The broker at {settings.kafka} has no topic {', '.join(sorted(missing))}.",
            "Run `cuiban topics`.",
        )
    return sorted(
        Partition(d["topic"], partition["partition"])
        for d in described
        for partition in d["partitions"]
    )


async def _connected(settings: Settings) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=10_000)
    try:
        await admin.start()
    except (KafkaError, OSError) as error:
        await admin.close()
        raise _away(settings) from error
    return admin


def _away(settings: Settings) -> NotReadyError:
    return NotReadyError(
        f"Kafka at {settings.kafka} does not answer.",
        "Start it, or point CUIBAN_KAFKA at one that runs.",
    )
