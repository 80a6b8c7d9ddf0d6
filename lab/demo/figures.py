"""The demo's figures: what Kafka, the ledger, the audit and the sinks hold at the end."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.broker.codec import decode
from shared.broker.provisioning import partitions_of
from shared.broker.reading import Reader
from shared.broker.watermarks import is_watermark
from shared.schemas.events import Event, ReminderDue
from shared.schemas.rules import Audience
from shared.schemas.topics import Topic
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Conservation:
    """Notifications that were due, and what became of them."""

    due: int
    sent: int
    suppressed: int
    withdrawn: int
    dead: int
    pending: int

    def holds(self) -> bool:
        """Whether nothing is missing and nothing too many."""
        ends = self.sent + self.suppressed + self.withdrawn + self.dead + self.pending
        return self.due == ends


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of the demo came to.

    Attributes:
        reminders: how often an obligation was reminded of, by kind; each audience counts.
        notifications: how many were made, by channel; each contact counts.
        sinks: messages that arrived, by channel; one id counts once.
    """

    seed: int
    obligations: int
    reminders: dict[str, int]
    notifications: dict[str, int]
    conservation: Conservation
    sinks: dict[str, int]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """Plain data."""
        return asdict(self)


async def on_kafka(settings: Settings, topic: Topic) -> list[Event]:
    """Every event on a topic, in each partition's order; a repeat of an id counts once.

    Watermarks are no events, and are passed over.
    """
    reader = Reader(settings)
    found: dict[UUID, Event] = {}
    try:
        for at, end in (await reader.ends(await partitions_of(settings, (topic,)))).items():
            start = 0
            while start < end:
                records = await reader.read(at, start, end)
                for record in records:
                    if is_watermark(record):
                        continue
                    envelope = decode(topic, record.value, record.headers)
                    found.setdefault(envelope.id, envelope.event)
                start = records[-1].offset + 1 if records else end
    finally:
        await reader.close()
    return list(found.values())


def by_kind(reminders: Iterable[ReminderDue]) -> dict[str, int]:
    """How often an obligation was reminded of, by kind."""
    kinds = Counter(item.kind.value for reminder in reminders for item in reminder.items)
    return dict(sorted(kinds.items()))


async def made(db: AsyncConnection) -> dict[str, int]:
    """How many notifications there are, by channel, as the scheduler's audit knows them."""
    rows = await db.execute(
        text("SELECT channel, count(*) AS made FROM scheduler.notifications GROUP BY channel")
    )
    return dict(sorted((row.channel, row.made) for row in rows))


def received(sinks_address: str) -> dict[str, int]:
    """How many messages the sinks hold, by channel."""
    counts = httpx.get(f"{sinks_address}/counts", timeout=30, trust_env=False).json()
    return {"email": counts["email"], "sms": counts["sms"]}


def by_channel(
    reminders: Iterable[ReminderDue], contacts: Mapping[tuple[UUID, Audience], int]
) -> dict[str, int]:
    """How many notifications reminders fan out into: one a contact and channel.

    `contacts` counts the contacts of each unit and post. A post that nobody holds still makes
    one notification a channel, which ends as suppressed.
    """
    channels = Counter[str]()
    for reminder in reminders:
        for channel in reminder.channels:
            channels[channel.value] += contacts.get((reminder.unit_id, reminder.audience), 0) or 1
    return dict(sorted(channels.items()))
