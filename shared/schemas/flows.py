"""Which service writes and reads which topic: the contract between the services.

Tests compare it with the consumers. `cuiban prepare` allows the services this much on the broker.
"""

from collections.abc import Mapping

from shared.schemas.topics import (
    DEAD_LETTERS,
    DELIVERIES,
    DIRECTORY,
    GATEWAYS,
    RECEIPTS,
    REMINDERS,
    RULES,
    TASKS,
    TOPICS,
    Topic,
)

WRITES: Mapping[str, tuple[Topic, ...]] = {
    "ingest": TOPICS,  # it replays dead letters into the topic that they came from
    "scheduler": (REMINDERS, DEAD_LETTERS),
    "notifier": (DELIVERIES, GATEWAYS, DEAD_LETTERS),
}
READS: Mapping[str, tuple[Topic, ...]] = {
    "ingest": (REMINDERS, DELIVERIES, GATEWAYS, DEAD_LETTERS),
    "scheduler": (TASKS, RULES, DELIVERIES),
    "notifier": (REMINDERS, DIRECTORY, RULES, RECEIPTS),
}


def list_topics(service: str) -> list[Topic]:
    """The topics that a service writes or reads."""
    return [topic for topic in TOPICS if topic in WRITES[service] or topic in READS[service]]
