"""Faults of the streams: records that nobody can apply, and events that are told again."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from aiokafka import AIOKafkaProducer

from services.ingest.told import CONSUMER as HISTORY
from shared.broker.positions import Partition
from shared.broker.provisioning import partitions_of
from shared.broker.reading import Reader
from shared.schemas.topics import (
    DELIVERIES,
    DIRECTORY,
    RECEIPTS,
    REMINDERS,
    RULES,
    TASKS,
    Topic,
    named,
)
from shared.settings import Settings

READERS: Mapping[Topic, frozenset[str]] = {
    TASKS: frozenset({"scheduler-tasks"}),
    RULES: frozenset({"scheduler-rules"}),
    DIRECTORY: frozenset({"notifier-directory"}),
    REMINDERS: frozenset({"notifier-reminders", HISTORY}),
    DELIVERIES: frozenset({"scheduler-deliveries", HISTORY}),
    RECEIPTS: frozenset({"notifier-receipts"}),
}
"""Who reads each topic, and must therefore bury what is wrong in it."""
_MARK = b"poison "
_AGAIN = 20
_ROOT = UUID("5a0de5a1-0b1e-4f4e-8c52-7c4a05c4a111")

Headers = list[tuple[str, bytes]]


@dataclass
class Streams:
    """Writes into the topics from outside, as no service would.

    Attributes:
        poison: the keys of the records that were put in, with the consumers that must bury them.
    """

    settings: Settings
    poison: dict[bytes, frozenset[str]] = field(default_factory=dict)

    async def put_poison(self, number: int, draw: float) -> int:
        """One record that can't be applied into every topic that is read; how many."""
        chosen = random.Random(draw)  # noqa: S311 - a script, not a secret
        every = []
        for topic, readers in READERS.items():
            mark = _MARK + f"{number} {topic.name}".encode()
            value, headers = _wrong(chosen, topic, str(uuid5(_ROOT, mark.decode())))
            at = Partition(
                named(topic.name, self.settings.topic_prefix),
                chosen.randrange(self.settings.partitions),
            )
            self.poison[mark] = readers
            every.append((at, mark, value, headers))
        for record in every:
            await self._send(*record)
        return len(every)

    async def tell_twice(self, topic_name: str) -> int:
        """The last events of each partition once more, with the ids that they had; how many."""
        topic = next(topic for topic in READERS if topic.name == f"cuiban.{topic_name}.v1")
        reader, number = Reader(self.settings), 0
        try:
            ends = await reader.ends(await partitions_of(self.settings, [topic]))
            for at, end in ends.items():
                for record in await reader.read(at, max(0, end - _AGAIN), end):
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
            bootstrap_servers=self.settings.kafka, enable_idempotence=True, acks="all"
        )
        await producer.start()
        try:
            await producer.send_and_wait(
                at.topic, value, key=key, partition=at.number, headers=headers
            )
        finally:
            await producer.stop()


def _wrong(chosen: random.Random, topic: Topic, name: str) -> tuple[bytes | None, Headers]:
    """A value and headers that are wrong in one of five ways."""
    good = topic.events[0].__name__
    others = [event.__name__ for other in READERS if other != topic for event in other.events]
    kind = {"ce_type": f"cuiban.{good}.v1", "ce_id": name, "ce_source": "/chaos"}
    kind["ce_time"] = "2023-06-01T00:00:00+00:00"
    way = chosen.randrange(5)
    if way == 0:
        return b"not even JSON", []
    if way == 1:
        return None, _headers(kind)
    if way == 2:  # noqa: PLR2004 - the third of five
        return b'{"office_id": 7}', _headers(kind)
    if way == 3:  # noqa: PLR2004 - the fourth of five
        kind["ce_type"] = f"cuiban.{chosen.choice(others)}.v1"
        return json.dumps({"office_id": name}).encode(), _headers(kind)
    kind["ce_type"] = "cuiban.SomethingElse.v9"
    return json.dumps({"office_id": name}).encode(), _headers(kind)


def _headers(named_values: Mapping[str, str]) -> Headers:
    return [(name, value.encode()) for name, value in named_values.items()]
