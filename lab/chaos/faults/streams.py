"""Faults of the streams: records that can't be applied, and events that are sent again."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from aiokafka import AIOKafkaProducer

from services.ingest.store.history_tables import CONSUMER as HISTORY
from shared.kafka.broker.connecting import build_client_options
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import list_partitions
from shared.kafka.broker.records import Partition
from shared.schemas.topics import (
    DELIVERIES,
    DIRECTORY,
    RECEIPTS,
    REMINDERS,
    RULES,
    TASKS,
    Topic,
    apply_prefix,
)
from shared.settings import Settings

READERS: Mapping[Topic, frozenset[str]] = {
    TASKS: frozenset({"scheduler-tasks"}),
    RULES: frozenset({"scheduler-rules", "notifier-rules"}),
    DIRECTORY: frozenset({"notifier-directory"}),
    REMINDERS: frozenset({"notifier-reminders", HISTORY}),
    DELIVERIES: frozenset({"scheduler-deliveries", HISTORY}),
    RECEIPTS: frozenset({"notifier-receipts"}),
}
"""The consumers of each topic, which must dead-letter the poison in it."""
_MARK = b"poison "
_REPEATED = 20
_NAMESPACE = UUID("5a0de5a1-0b1e-4f4e-8c52-7c4a05c4a111")

Headers = list[tuple[str, bytes]]


@dataclass
class StreamFaults:
    """Writes into the topics from outside of the services.

    Attributes:
        poison: keys of the poison records, with the consumers that must dead-letter them.
    """

    settings: Settings
    poison: dict[bytes, frozenset[str]] = field(default_factory=dict)

    async def put_poison(self, number: int, draw: float) -> int:
        """Write a record that can't be applied into every topic; returns their number."""
        rng = random.Random(draw)  # noqa: S311 - a script, not a secret
        records = []
        for topic, readers in READERS.items():
            mark = _MARK + f"{number} {topic.name}".encode()
            value, headers = _make_poison(rng, topic, str(uuid5(_NAMESPACE, mark.decode())))
            at = Partition(
                apply_prefix(topic.name, self.settings.topic_prefix),
                rng.randrange(self.settings.partitions),
            )
            self.poison[mark] = readers
            records.append((at, mark, value, headers))
        for record in records:
            await self._send(*record)
        return len(records)

    async def repeat_events(self, topic_name: str) -> int:
        """Send the last events of each partition again, with the same ids; their number."""
        topic = next(topic for topic in READERS if topic.name == f"cuiban.{topic_name}.v1")
        reader, number = LogReader(self.settings), 0
        try:
            ends = await reader.list_ends(await list_partitions(self.settings, [topic]))
            for at, end in ends.items():
                for record in await reader.read(at, max(0, end - _REPEATED), end):
                    if not (record.key or b"").startswith(_MARK):
                        await self._send(at, record.key, record.value, list(record.headers))
                        number += 1
        finally:
            await reader.close()
        return number

    async def _send(
        self, at: Partition, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        producer = AIOKafkaProducer(
            **build_client_options(self.settings), enable_idempotence=True, acks="all"
        )
        await producer.start()
        try:
            await producer.send_and_wait(
                at.topic, value, key=key, partition=at.number, headers=headers
            )
        finally:
            await producer.stop()


def _make_poison(rng: random.Random, topic: Topic, name: str) -> tuple[bytes | None, Headers]:
    """A value and headers that are wrong in one of five ways."""
    good = topic.events[0].__name__
    others = [event.__name__ for other in READERS if other != topic for event in other.events]
    kind = {"ce_type": f"cuiban.{good}.v1", "ce_id": name, "ce_source": "/chaos"}
    kind["ce_time"] = "2023-06-01T00:00:00+00:00"
    way = rng.randrange(5)
    if way == 0:
        return b"not even JSON", []
    if way == 1:
        return None, _encode_headers(kind)
    if way == 2:  # noqa: PLR2004 - the third of five
        return b'{"office_id": 7}', _encode_headers(kind)
    if way == 3:  # noqa: PLR2004 - the fourth of five
        kind["ce_type"] = f"cuiban.{rng.choice(others)}.v1"
        return json.dumps({"office_id": name}).encode(), _encode_headers(kind)
    kind["ce_type"] = "cuiban.SomethingElse.v9"
    return json.dumps({"office_id": name}).encode(), _encode_headers(kind)


def _encode_headers(named_values: Mapping[str, str]) -> Headers:
    return [(name, value.encode()) for name, value in named_values.items()]
