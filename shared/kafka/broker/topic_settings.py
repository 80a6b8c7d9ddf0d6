"""The settings that each topic must have, and the faults in those it has.

A topic with a retention limit, or a compacted topic of events, loses events that no consumer has
applied yet. No service starts on such a topic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import override

from shared.schemas.topics import Topic, apply_prefix
from shared.settings import Settings

MESSAGE_BYTES = 8 * 2**20
_FOR_EVER = "-1"


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic as the broker describes it.

    Attributes:
        name: on the broker, with the prefix.
        partitions: their number.
        replication: the smallest number of replicas that a partition has.
        values: the topic's settings by name, with those that it inherits.
        own: the names of the settings that are set for this topic alone.
    """

    name: str
    partitions: int
    replication: int
    values: Mapping[str, str]
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TopicFault:
    """A wrong setting of a topic.

    Attributes:
        dangerous: events can be lost, so no service starts.
        required: the setting that corrects it, as name and value; None when no setting does.
        actual: the value that it has now.
    """

    topic: str
    words: str
    dangerous: bool
    required: tuple[str, str] | None
    actual: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.topic}: {self.words}."


def build_topic_settings(topic: Topic, settings: Settings) -> dict[str, str]:
    """The settings with which a topic is created or repaired."""
    return {
        "cleanup.policy": "compact" if topic.compacted else "delete",
        "retention.ms": _FOR_EVER,
        "retention.bytes": _FOR_EVER,
        "max.message.bytes": str(MESSAGE_BYTES),
        "min.insync.replicas": str(settings.in_sync),
        "unclean.leader.election.enable": "false",
        # The broker opens what a client compressed, so that the limit holds for what consumers
        # get: a megabyte may hold a gigabyte, or a codec that they lack.
        "compression.type": "uncompressed",
    }


def find_faults(topic: Topic, kept: TopicDescription, settings: Settings) -> list[TopicFault]:
    """List the faults of a topic."""
    want, values = build_topic_settings(topic, settings), kept.values
    wrong = []

    def add(name: str, why: str, *, dangerous: bool) -> None:
        actual = values.get(name, "unknown")
        words = f"{name} is {actual}, not {want[name]}: {why}"
        wrong.append(TopicFault(kept.name, words, dangerous, (name, want[name]), actual))

    policy = {word.strip() for word in values.get("cleanup.policy", "").split(",")}
    if policy != {want["cleanup.policy"]}:
        why = "events of the log would be dropped" if not topic.compacted else "it keeps the last"
        add("cleanup.policy", why, dangerous=not topic.compacted or "delete" in policy)
    for name in ("retention.ms", "retention.bytes"):
        if values.get(name) != _FOR_EVER and "delete" in policy:
            add(name, "old events would be dropped, applied or not", dangerous=True)
    if int(values.get("max.message.bytes", 0)) < MESSAGE_BYTES:
        add("max.message.bytes", "large events would be refused", dangerous=True)
    if int(values.get("min.insync.replicas", 0)) < settings.in_sync:
        add("min.insync.replicas", "an acknowledged event might stand on one disk", dangerous=False)
    if values.get("unclean.leader.election.enable") == "true":
        why = "a replica that lacks acknowledged events could become the leader"
        add("unclean.leader.election.enable", why, dangerous=False)
    if values.get("compression.type") != want["compression.type"]:
        add("compression.type", "a small record could hold a very large event", dangerous=False)
    if kept.replication < settings.replication:
        words = f"it has {kept.replication} replicas, not {settings.replication}"
        wrong.append(TopicFault(kept.name, words, dangerous=False, required=None))
    return wrong


def suggest_repair(wrong: Sequence[TopicFault], settings: Settings) -> str:
    """The commands that correct the faults, Cuiban's and Kafka's."""
    lines = [
        f"kafka-configs.sh --bootstrap-server {settings.kafka} --alter --entity-type topics "
        f"--entity-name {topic} --add-config "
        + ",".join("=".join(f.required) for f in wrong if f.topic == topic and f.required)
        for topic in sorted({f.topic for f in wrong if f.required})
    ]
    hint = "Run `cuiban topics --repair`, or:\n" + "\n".join(lines) if lines else ""
    few = sorted({f.topic for f in wrong if not f.required})
    if few:
        hint += f"\nGive {', '.join(few)} more replicas (kafka-reassign-partitions.sh)."
    return hint.strip()


def map_by_name(topics: Sequence[Topic], prefix: str) -> dict[str, Topic]:
    """Map each topic by its name on the broker."""
    return {apply_prefix(topic.name, prefix): topic for topic in topics}
