"""The demo's figures: the totals of Kafka, the ledger, the audit and the sinks at the end."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from uuid import UUID

import httpx
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scheduler.store.tables import NOTIFICATIONS
from shared.kafka.broker.codec import decode
from shared.kafka.broker.log_reader import LogReader
from shared.kafka.broker.provisioning import list_partitions
from shared.kafka.broker.watermarks import is_watermark
from shared.schemas.base_events import Event
from shared.schemas.events import (
    ReminderDue,
)
from shared.schemas.rules import Audience, Channel
from shared.schemas.topics import Topic
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Conservation:
    """The notifications that were due, by the state in which they ended."""

    due: int
    sent: int
    suppressed: int
    withdrawn: int
    dead: int
    pending: int

    def is_balanced(self) -> bool:
        """Whether every due notification has exactly one state."""
        ends = self.sent + self.suppressed + self.withdrawn + self.dead + self.pending
        return self.due == ends


@dataclass(frozen=True, slots=True)
class Figures:
    """The result of one run of the demo.

    Attributes:
        steps: how often each step was taken by units and office.
        statuses: how many obligations have each status at the end.
        reminders: how often obligations were reminded of, by kind; each audience counts.
        notifications: how many there are, by channel; each contact counts.
        sinks: messages that arrived, by channel; each id counts once.
    """

    seed: int
    obligations: int
    steps: dict[str, int]
    statuses: dict[str, int]
    reminders: dict[str, int]
    notifications: dict[str, int]
    conservation: Conservation
    sinks: dict[str, int]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The figures as JSON values."""
        return asdict(self)


async def read_events(settings: Settings, topic: Topic) -> list[Event]:
    """Read every event of a topic, in each partition's order; an id that repeats counts once.

    Watermarks are no events and are skipped.
    """
    reader = LogReader(settings)
    events: dict[UUID, Event] = {}
    try:
        for at, end in (await reader.list_ends(await list_partitions(settings, (topic,)))).items():
            start = 0
            while start < end:
                records = await reader.read(at, start, end)
                for record in records:
                    if is_watermark(record):
                        continue
                    envelope = decode(topic, record.value, record.headers)
                    events.setdefault(envelope.id, envelope.event)
                start = records[-1].offset + 1 if records else end
    finally:
        await reader.close()
    return list(events.values())


def count_values(values: Iterable[StrEnum]) -> dict[str, int]:
    """How often each value occurs, by its text."""
    return dict(sorted(Counter(value.value for value in values).items()))


def count_by_kind(reminders: Iterable[ReminderDue]) -> dict[str, int]:
    """How often an obligation was reminded of, by kind."""
    return count_values(item.kind for reminder in reminders for item in reminder.items)


async def count_notifications(db: AsyncConnection) -> dict[str, int]:
    """The number of notifications that the scheduler's audit knows, by channel."""
    channel = NOTIFICATIONS.c.channel
    rows = await db.execute(select(channel, func.count().label("made")).group_by(channel))
    return dict(sorted((row.channel, row.made) for row in rows))


def count_received(sinks_address: str) -> dict[str, int]:
    """The number of distinct messages that the sinks hold, by channel."""
    counts = httpx.get(f"{sinks_address}/counts", timeout=30, trust_env=False).json()
    return {"email": counts["email"], "sms": counts["sms"]}


def count_by_channel(
    reminders: Iterable[ReminderDue],
    reachable: Mapping[tuple[UUID, Audience], Sequence[frozenset[Channel]]],
) -> dict[str, int]:
    """The number of notifications that reminders fan out into: one per contact and channel.

    `reachable` has for each contact of a unit and post the channels on which it has an address. A
    contact gets nothing on the others, unless it has no address at all. Such a contact, and a post
    without contacts, get one notification per channel, which ends as suppressed.
    """
    channels = Counter[Channel]()
    for reminder in reminders:
        wanted = frozenset(reminder.channels)
        contacts = reachable.get((reminder.unit_id, reminder.audience), [frozenset()])
        for addresses in contacts:
            channels.update(addresses & wanted or wanted)
    return dict(sorted(channels.items()))
