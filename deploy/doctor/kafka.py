"""Checks of Kafka: it answers, its topics keep every event, and all replicas are there."""

from collections.abc import Sequence

from deploy.doctor.checking import CheckState, Finding, Report, report_refusal
from deploy.terminal.language import N_, _
from shared.errors import EngineRefusedError, NotReadyError
from shared.kafka.broker.cluster import ReplicaTrouble, describe_cluster, list_replica_troubles
from shared.kafka.broker.provisioning import list_topic_faults
from shared.kafka.broker.topic_settings import TopicFault
from shared.schemas.topics import TOPICS
from shared.settings import Settings

_RELEASES = {7: "3.3", 8: "3.4", 9: "3.5", 12: "3.6", 15: "3.7", 20: "3.8", 21: "3.9", 22: "4.0"}
"""The releases whose first `metadata.version` is a number (Kafka's MetadataVersion)."""
_SHOWN = 5
_WHY = {
    "cleanup.policy": N_("Events that no service has applied yet would be dropped."),
    "retention.ms": N_("Events that no service has applied yet would be dropped."),
    "retention.bytes": N_("Events that no service has applied yet would be dropped."),
    "max.message.bytes": N_("Large events would be refused."),
    "min.insync.replicas": N_("An acknowledged event might stand on one disk alone."),
    "unclean.leader.election.enable": N_("A broker that lacks events could become the leader."),
    "compression.type": N_("A small record could hold a very large event."),
}
"""Why each setting of a topic matters."""


async def check_cluster(settings: Settings) -> Report:
    """Whether it answers, with as many brokers as topics have replicas."""
    try:
        cluster = await describe_cluster(settings)
    except EngineRefusedError as error:
        return [report_refusal("kafka", error)]
    except NotReadyError:
        saw = _("Kafka at {address} does not answer.").format(address=settings.kafka)
        todo = _("Start it, or point CUIBAN_KAFKA at one that runs.")
        return [Finding("kafka", "", CheckState.FAILED, saw, todo, away=True)]
    saw = _("{address} answers; brokers: {number}, version: {version}.").format(
        address=settings.kafka,
        number=len(cluster.brokers),
        version=describe_version(cluster.metadata_version),
    )
    if len(cluster.brokers) < settings.replication:
        todo = _("Topics have {number} replicas: start the other brokers.")
        return [
            Finding("kafka", "", CheckState.FAILED, saw, todo.format(number=settings.replication))
        ]
    return [Finding("kafka", "", CheckState.OK, saw)]


def describe_version(metadata_version: int | None) -> str:
    """A `metadata.version` as the release that has it."""
    if metadata_version is None:
        return "?"
    known = [release for first, release in _RELEASES.items() if first <= metadata_version]
    newest = max(_RELEASES)
    release = known[-1] if known else "< 3.3"
    mark = "≥ " if metadata_version > newest else ""
    return f"{mark}{release} (metadata.version {metadata_version})"


async def check_topics(settings: Settings) -> Report:
    """The topics' settings against the contract."""
    try:
        faults = await list_topic_faults(settings, TOPICS)
    except NotReadyError as error:
        if "has no topic" not in error.message:
            raise
        todo = _("`cuiban topics` makes it.")
        return [Finding("topics", "", CheckState.FAILED, error.message, todo)]
    if not faults:
        saw = _("All {number} topics keep every event.").format(number=len(TOPICS))
        return [Finding("topics", "", CheckState.OK, saw)]
    mend = _("`cuiban topics --repair` corrects it.")
    add = _("Give it more replicas: kafka-reassign-partitions.sh.")
    return [
        Finding(
            "topics",
            fault.topic,
            CheckState.FAILED if fault.dangerous else CheckState.WARNING,
            describe_fault(fault, settings.replication),
            mend if fault.required else add,
        )
        for fault in faults
    ]


def describe_fault(fault: TopicFault, replication: int) -> str:
    """What is wrong with a topic, in the language in use; it should have so many replicas."""
    if fault.required is None:
        return _("It has fewer than {number} replicas.").format(number=replication)
    name, value = fault.required
    setting = _("{name} is {actual}, not {value}.").format(
        name=name, actual=fault.actual, value=value
    )
    return f"{setting} {_(_WHY.get(name, ''))}".strip()


async def check_replicas(settings: Settings) -> Report:
    """Whether every partition has a leader and all its replicas."""
    troubles = await list_replica_troubles(settings, TOPICS)
    return [judge_replicas(troubles, settings.in_sync, settings.replication)]


def judge_replicas(troubles: Sequence[ReplicaTrouble], in_sync: int, replication: int) -> Finding:
    """The finding about partitions that lack replicas.

    Args:
        troubles: the partitions without a leader, or with replicas that are not in sync.
        in_sync: how many replicas must have an event before it is acknowledged.
        replication: how many replicas topics should have.
    """
    stopped = [each for each in troubles if not each.leader or each.in_sync < in_sync]
    listed = ", ".join(
        f"{each.topic}/{each.partition} ({each.in_sync}/{each.replicas})"
        for each in (stopped or troubles)[:_SHOWN]
    )
    todo = _("Start the brokers that are missing; see their logs and disks.")
    if stopped:
        saw = _("{number} partitions can't be written: {listed}")
        state = CheckState.FAILED
    elif troubles:
        saw = _("{number} partitions have replicas that are not in sync: {listed}")
        state = CheckState.WARNING
    else:
        saw = _("Every partition has a leader and its replicas ({replication}).")
        return Finding("replicas", "", CheckState.OK, saw.format(replication=replication))
    number = len(stopped or troubles)
    return Finding("replicas", "", state, saw.format(number=number, listed=listed), todo)
