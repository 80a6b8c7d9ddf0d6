"""The state of a Kafka cluster that no topic's settings show: version, replicas, disks, time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError
from aiokafka.protocol.api import Request

from shared.kafka.broker.cluster_requests import (
    FEATURES,
    FEATURES_TAG,
    DescribeFeatures,
    DescribeLogDirs,
    DescribeQuorum,
)
from shared.kafka.broker.connecting import open_admin
from shared.schemas.topics import Topic, apply_prefix
from shared.settings import Settings

_METADATA_VERSION = "metadata.version"
_NO_LEADER = -1


@dataclass(frozen=True, slots=True)
class ClusterDescription:
    """The brokers of a cluster.

    Attributes:
        brokers: the ids of those that are there.
        metadata_version: the cluster's `metadata.version`, a number; None where it has none.
    """

    brokers: tuple[int, ...]
    metadata_version: int | None


@dataclass(frozen=True, slots=True)
class ReplicaTrouble:
    """A partition that lacks replicas.

    Attributes:
        leader: whether a broker leads it. Without a leader it can't be read or written.
        in_sync, replicas: how many are in sync, of how many.
    """

    topic: str
    partition: int
    leader: bool
    in_sync: int
    replicas: int


@dataclass(frozen=True, slots=True)
class LogFolder:
    """A folder in which a broker keeps logs; bytes of its file system, None if it does not say."""

    broker: int
    path: str
    total: int | None
    usable: int | None
    failed: bool


async def describe_cluster(settings: Settings) -> ClusterDescription:
    """The brokers and the version.

    Raises:
        NotReadyError: the broker does not answer.
    """
    async with open_admin(settings) as admin:
        described = await admin.describe_cluster()
        version = await _read_metadata_version(admin)
    brokers = tuple(sorted(each["node_id"] for each in described["brokers"]))
    return ClusterDescription(brokers, version)


async def list_replica_troubles(
    settings: Settings, topics: Sequence[Topic]
) -> list[ReplicaTrouble]:
    """The partitions without a leader, or with replicas that are not in sync.

    Raises:
        NotReadyError: the broker does not answer.
    """
    names = [apply_prefix(topic.name, settings.topic_prefix) for topic in topics]
    async with open_admin(settings) as admin:
        described = await admin.describe_topics(names)
    every = [
        ReplicaTrouble(
            each["topic"],
            partition["partition"],
            partition["leader"] != _NO_LEADER,
            len(partition["isr"]),
            len(partition["replicas"]),
        )
        for each in described
        for partition in each["partitions"]
    ]
    return [each for each in every if not each.leader or each.in_sync < each.replicas]


async def list_log_folders(settings: Settings) -> list[LogFolder]:
    """The folders with logs of every broker; empty where brokers are too old to say (before 3.3).

    Raises:
        NotReadyError: the broker does not answer.
    """
    async with open_admin(settings) as admin:
        folders = []
        for broker in (await admin.describe_cluster())["brokers"]:
            node = broker["node_id"]
            answer = await _ask(admin, DescribeLogDirs(), node)
            for code, path, _topics, total, usable, _tags in answer.results if answer else ():
                known = total >= 0 <= usable
                folders.append(
                    LogFolder(
                        node, path, total if known else None, usable if known else None, bool(code)
                    )
                )
        return folders


async def read_controller_time(settings: Settings) -> datetime | None:
    """The clock of the controller that leads; None where the broker does not tell it.

    A leader reports its own present time as the time at which it was last caught up
    (KIP-836, DescribeQuorum version 1).

    Raises:
        NotReadyError: the broker does not answer.
    """
    async with open_admin(settings) as admin:
        answer = await _ask(admin, DescribeQuorum())
    for _name, partitions, _tags in answer.topics if answer else ():
        for _index, code, leader, _epoch, _mark, voters, *_rest in partitions:
            times = [each[3] for each in voters if each[0] == leader]
            if not code and times and times[0] > 0:
                return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=times[0])
    return None


async def _read_metadata_version(admin: AIOKafkaAdminClient) -> int | None:
    answer = await _ask(admin, DescribeFeatures())
    raw = answer.tags.get(FEATURES_TAG) if answer else None
    features = FEATURES.decode(BytesIO(raw)) if raw else []
    return next((most for name, most, *_ in features if name == _METADATA_VERSION), None)


async def _ask(
    admin: AIOKafkaAdminClient,
    request: Request[Any],
    node: int | None = None,
) -> Any:  # noqa: ANN401 - aiokafka has no types
    """The answer of a broker; None when it does not know the request, or does not allow it."""
    try:
        answer = await admin._send_request(request, node)  # noqa: SLF001 - there is no public way
    except (IncompatibleBrokerVersion, NotImplementedError, KafkaError):
        return None
    return None if answer.error_code else answer
