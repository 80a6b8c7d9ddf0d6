"""The contract of the topics is what the services' consumers and events say."""

import ast
from pathlib import Path
from typing import Any

import pytest

from deploy.broker_access import GROUPS
from services.ingest.app import (
    make_dead_letters_consumer,
    make_gateways_consumer,
    make_history_consumer,
)
from services.ingest.settings import IngestSettings
from services.notifier.app import list_handlers
from services.scheduler.app import make_consumers
from services.scheduler.settings import SchedulerSettings
from shared.schemas.flows import READS, WRITES, list_topics
from shared.schemas.topics import DEAD_LETTERS, TOPIC_OF, TOPICS, Topic

NOTHING: Any = None
SERVICES = Path(__file__).parents[3] / "services"
_UNPUBLISHED = {"push_reading.py", "bounce_reading.py"}
"""They turn what a gateway pushed, or a mailbox holds, into receipts that the same process
handles."""


def test_each_consumer_reads_what_the_contract_says() -> None:
    ingest, scheduler = IngestSettings(), SchedulerSettings()
    consumers = {
        "ingest": [
            make_history_consumer(ingest, NOTHING, NOTHING),
            make_dead_letters_consumer(ingest, NOTHING, NOTHING),
            make_gateways_consumer(ingest, NOTHING, NOTHING),
        ],
        "scheduler": make_consumers(scheduler, NOTHING, NOTHING, NOTHING),
    }
    read: dict[str, set[Topic]] = {
        service: {topic for each in made for topic in each.topics.values()}
        for service, made in consumers.items()
    }
    read["notifier"] = {topic for _, topic, _ in list_handlers(NOTHING)}
    assert read == {service: set(topics) for service, topics in READS.items()}
    assert {each.name for each in consumers["ingest"]} == set(GROUPS["ingest"])


def test_every_topic_is_written_and_read() -> None:
    assert {topic for topics in WRITES.values() for topic in topics} == set(TOPICS)
    assert {topic for topics in READS.values() for topic in topics} == set(TOPICS)
    assert all(DEAD_LETTERS in topics for topics in WRITES.values())
    assert WRITES.keys() == READS.keys()
    assert list_topics("scheduler") == [each for each in TOPICS if each in list_topics("scheduler")]


@pytest.mark.parametrize("service", WRITES)
def test_a_service_makes_only_events_of_topics_that_it_writes(service: str) -> None:
    topics = {event.__name__: topic for event, topic in TOPIC_OF.items()}
    made = {
        node.func.id
        for file in (SERVICES / service).rglob("*.py")
        if file.name not in _UNPUBLISHED
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    written = {topics[name] for name in made & topics.keys()}
    assert written
    assert written <= set(WRITES[service])
