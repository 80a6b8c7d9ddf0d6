"""The demo's figures: the totals of Kafka, the ledger, the audit and the sinks at the end."""

from collections import Counter
from collections.abc import Iterable, Mapping
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
from shared.schemas.events import Event, ReminderDue
from shared.schemas.rules import Audience
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
    reminders: Iterable[ReminderDue], contacts: Mapping[tuple[UUID, Audience], int]
) -> dict[str, int]:
    """The number of notifications that reminders fan out into: one per contact and channel.

    `contacts` counts the contacts of each unit and post. A post without contacts still gets one
    notification per channel, which ends as suppressed.
    """
    channels = Counter[str]()
    for reminder in reminders:
        for channel in reminder.channels:
            channels[channel.value] += contacts.get((reminder.unit_id, reminder.audience), 0) or 1
    return dict(sorted(channels.items()))
