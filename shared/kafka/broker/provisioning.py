"""Creates, describes and repairs the broker's topics; services check them when they start."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from shared.errors import CuibanError, EngineRefusedError, NotReadyError
from shared.kafka.broker.connecting import open_admin, report_unreachable
from shared.kafka.broker.records import Partition
from shared.kafka.broker.topic_settings import (
    TopicDescription,
    TopicFault,
    build_topic_settings,
    find_faults,
    map_by_name,
    suggest_repair,
)
from shared.schemas.topics import TOPICS, Topic, apply_prefix
from shared.settings import Settings

_EXISTS = 36  # TOPIC_ALREADY_EXISTS, Kafka protocol error codes
_UNKNOWN = 3  # UNKNOWN_TOPIC_OR_PARTITION
_DENIED = 29  # TOPIC_AUTHORIZATION_FAILED
_TOLD_WITHIN = 10.0  # seconds
_OF_TOPIC = 1  # DYNAMIC_TOPIC_CONFIG, the source of a setting that a topic has for itself


async def create_topics(settings: Settings, topics: Iterable[Topic] = TOPICS) -> list[str]:
    """Create the topics that the broker lacks; existing ones stay as they are.

    Returns:
        The names of the created topics.

    Raises:
        NotReadyError: the broker does not answer.
        CuibanError: the broker refused a topic.
    """
    missing = [
        NewTopic(
            apply_prefix(topic.name, settings.topic_prefix),
            settings.partitions,
            settings.replication,
            topic_configs=build_topic_settings(topic, settings),
        )
        for topic in topics
    ]
    async with open_admin(settings) as admin:
        answer = await admin.create_topics(missing)
    made = []
    for name, code, *_ in answer.topic_errors:
        if code == 0:
            made.append(name)
        elif code != _EXISTS:
            raise CuibanError(f"The broker refused to create the topic {name}: {for_code(code)}.")
    return made


async def list_partitions(settings: Settings, topics: Iterable[Topic]) -> list[Partition]:
    """Every partition of the topics.

    Raises:
        NotReadyError: the broker does not answer, or lacks one of the topics.
    """
    names = [apply_prefix(topic.name, settings.topic_prefix) for topic in topics]
    try:
        async with open_admin(settings) as admin:
            described = await admin.describe_topics(names)
    except KafkaError as error:
        raise await report_unreachable(settings) from error
    _require_access(settings, [(d["topic"], d["error_code"]) for d in described])
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


async def describe_topics(settings: Settings, topics: Iterable[Topic]) -> list[TopicDescription]:
    """The topics' partitions, replicas and settings.

    Raises:
        NotReadyError: the broker does not answer, or lacks one of the topics.
    """
    named_topics = [apply_prefix(topic.name, settings.topic_prefix) for topic in topics]
    partitions = await list_partitions(settings, topics)
    try:
        async with open_admin(settings) as admin:
            answers = await admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name) for name in named_topics]
            )
            described = await admin.describe_topics(named_topics)
    except KafkaError as error:
        raise await report_unreachable(settings) from error
    rows = [row for answer in answers for row in answer.resources]
    _require_access(settings, [(name, code) for code, _, _, name, _ in rows])
    replicas = {d["topic"]: min(len(p["replicas"]) for p in d["partitions"]) for d in described}
    return [
        TopicDescription(
            name,
            sum(at.topic == name for at in partitions),
            replicas[name],
            {entry[0]: entry[1] for entry in entries if entry[1] is not None},
            frozenset(entry[0] for entry in entries if entry[3] == _OF_TOPIC),
        )
        for _, _, _, name, entries in rows
    ]


async def list_topic_faults(settings: Settings, topics: Sequence[Topic]) -> list[TopicFault]:
    """List what is wrong with the topics' settings.

    Raises:
        NotReadyError: the broker does not answer, or lacks one of them.
    """
    known = map_by_name(topics, settings.topic_prefix)
    descriptions = await describe_topics(settings, topics)
    return [
        fault for each in descriptions for fault in find_faults(known[each.name], each, settings)
    ]


async def check_topics(settings: Settings, topics: Sequence[Topic]) -> None:
    """Make sure that no topic's settings let the broker lose events.

    Raises:
        NotReadyError: the broker does not answer, or lacks one of them.
        CuibanError: a topic would lose events; the hint says what to change.
    """
    dangerous = [fault for fault in await list_topic_faults(settings, topics) if fault.dangerous]
    if dangerous:
        raise CuibanError(" ".join(map(str, dangerous)), suggest_repair(dangerous, settings))


async def repair_topics(settings: Settings, topics: Sequence[Topic] = TOPICS) -> list[TopicFault]:
    """Correct the topics' settings; settings that Cuiban does not require stay.

    Returns:
        The faults before the repair, including those that no setting corrects.
    """
    wrong = await list_topic_faults(settings, topics)
    mended = {fault.topic for fault in wrong if fault.required}
    known = map_by_name(topics, settings.topic_prefix)
    resources = [
        ConfigResource(
            ConfigResourceType.TOPIC,
            each.name,
            # A setting that is not listed here is reset to the broker's default.
            {name: each.values[name] for name in each.own if name in each.values}
            | build_topic_settings(known[each.name], settings),
        )
        for each in await describe_topics(settings, topics)
        if each.name in mended
    ]
    if resources:
        async with open_admin(settings) as admin:
            answers = await admin.alter_configs(resources)
        for code, words, _, name in (row for answer in answers for row in answer.resources):
            if code:
                raise CuibanError(f"The broker refused to change {name}: {words}.")
        with suppress(TimeoutError):  # the broker returns the new values only after a moment
            async with asyncio.timeout(_TOLD_WITHIN):
                while any(f.required for f in await list_topic_faults(settings, topics)):  # noqa: ASYNC110 - the broker has no event to wait for
                    await asyncio.sleep(0.1)
    return wrong


async def raise_partitions(settings: Settings, topics: Iterable[Topic], number: int) -> list[str]:
    """Raise the number of partitions to `number` where it is lower.

    Returns:
        The names of the changed topics.

    Raises:
        CuibanError: the broker refused.
    """
    few = {
        each.name: NewPartitions(total_count=number)
        for each in await describe_topics(settings, topics)
        if each.partitions < number
    }
    if few:
        try:
            async with open_admin(settings) as admin:
                await admin.create_partitions(few)
        except KafkaError as error:
            raise CuibanError(f"The broker refused to add partitions: {error}.") from error
    return sorted(few)


def _require_access(settings: Settings, codes: Iterable[tuple[str, int]]) -> None:
    """Refuse to go on where the broker denies access to a topic; `codes` are its answers."""
    if denied := sorted(name for name, code in codes if code == _DENIED):
        names = ", ".join(denied)
        raise EngineRefusedError(
            f"{settings.kafka} 不准访问主题 {names}。"
            f"Kafka at {settings.kafka} denies access to the topics {names}.",
            "用有权授权的账号运行 `cuiban prepare`（CUIBAN_KAFKA_PRINCIPAL_…）。"
            "Run `cuiban prepare` (CUIBAN_KAFKA_PRINCIPAL_…) as a user that may grant access.",
        )
