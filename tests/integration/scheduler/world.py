"""A scheduler without Kafka, and the events that its tests send to it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.scheduler.handlers import deliveries, rules
from services.scheduler.handlers.tasks import Tasks
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store.tables import RULES_CONSUMER, TASKS_CONSUMER
from services.scheduler.ticking import Ticking
from shared.kafka.broker.codec import decode
from shared.schemas import identity
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import (
    ObligationsAssigned,
    ReminderDue,
)
from shared.schemas.facts import MeasureFacts, ObligationFacts
from shared.schemas.rules import ObligationKind
from shared.schemas.topics import REMINDERS, RULES, TASKS, Topic, apply_prefix
from tests.clocks import ManualClock

OFFICE = identity.derive_office_id("yanting")
PLAN = identity.derive_plan_id(OFFICE, "0" * 64)
START = datetime(2023, 6, 1, 1, 0, tzinfo=UTC)


def to_instant(local: str) -> datetime:
    """An instant from local time at the office, such as `2023-08-30 09:00`."""
    return datetime.fromisoformat(f"{local}+08:00").astimezone(UTC)


def get_unit_id(name: str) -> UUID:
    return identity.derive_unit_id(OFFICE, name)


UNIT = get_unit_id("县发展改革局")


def make_obligation(unit_id: UUID, ref: str, due_on: str | None, **changes: Any) -> ObligationFacts:
    measure = identity.derive_measure_id(PLAN, ref)
    facts = ObligationFacts(
        obligation_id=identity.derive_obligation_id(measure, unit_id, "2023"),
        measure_id=measure,
        kind=ObligationKind.DEADLINE,
        period="2023",
        due_on=due_on and date.fromisoformat(due_on),
        known_on=date(2023, 6, 1),
    )
    return facts.model_copy(update=changes)


def make_assignment(unit_id: UUID, *owed: tuple[str, ObligationFacts]) -> ObligationsAssigned:
    measures = {facts.measure_id: ref for ref, facts in owed}
    return ObligationsAssigned(
        office_id=OFFICE,
        unit_id=unit_id,
        plan_id=PLAN,
        plan_title="2023年分解表",
        measures=tuple(
            MeasureFacts(measure_id=i, ref=ref, task_name=f"任务{ref}", text=f"内容{ref}")
            for i, ref in measures.items()
        ),
        obligations=tuple(facts for _, facts in owed),
    )


@dataclass
class World:
    """A scheduler in this process: its handlers and loops on a real database, without a broker."""

    engine: AsyncEngine
    settings: SchedulerSettings
    clock: ManualClock
    ticking: Ticking
    tasks: Tasks
    _events: int = field(default=0, init=False)

    def make_envelope(
        self, event: Event, time: datetime | None = None, partition: int | None = 0
    ) -> Envelope:
        self._events += 1
        event_id = identity.derive_event_id("test", self._events)
        return Envelope(event_id, "/test", time or self.clock.instant, event_id, event, partition)

    async def tell(
        self, *events: Event, time: datetime | None = None, partition: int | None = 0
    ) -> None:
        """Hand events of the tasks topic to the handler as one batch."""
        envelopes = [self.make_envelope(event, time, partition) for event in events]
        async with self.engine.begin() as db:
            await self.tasks.handle(db, envelopes)

    async def apply_rules(
        self, event: Event, time: datetime | None = None, partition: int | None = 0
    ) -> None:
        async with self.engine.begin() as db:
            await rules.handle(db, [self.make_envelope(event, time, partition)])

    async def complete(self, topic: Topic, partition: int, until: datetime | None) -> None:
        """Store that all facts of a partition up to an instant have been read."""
        await self.fetch_rows(
            "INSERT INTO scheduler.positions "
            "(consumer, topic, partition, next_offset, complete_until) "
            "VALUES (:consumer, :topic, :partition, 0, :until) "
            "ON CONFLICT (consumer, topic, partition) DO UPDATE SET complete_until = :until",
            consumer=TASKS_CONSUMER if topic is TASKS else RULES_CONSUMER,
            topic=apply_prefix(topic.name, self.settings.topic_prefix),
            partition=partition,
            until=until,
        )

    async def replan(self) -> None:
        while await self.ticking.replan():
            pass

    async def deliver(self, *events: Event) -> None:
        async with self.engine.begin() as db:
            await deliveries.handle(db, [self.make_envelope(event) for event in events])

    async def fire(self, now: datetime | str) -> list[ReminderDue]:
        """Move the clock and fire what is due; returns the emitted reminders."""
        self.clock.instant = to_instant(now) if isinstance(now, str) else now
        for topic in (TASKS, RULES):
            await self.complete(topic, 0, self.clock.instant)
        return await self.fire_due()

    async def fire_due(self) -> list[ReminderDue]:
        """Fire what may fire without moving the clock; returns the emitted reminders."""
        await self.take_outbox()
        while await self.ticking.fire():
            pass
        return [e.event for e in await self.take_outbox() if isinstance(e.event, ReminderDue)]

    async def fire_until(self, until: datetime) -> list[ReminderDue]:
        """Fire the slots of the agenda one after the other, up to an instant."""
        fired: list[ReminderDue] = []
        while True:
            (slot,) = (await self.fetch_rows("SELECT min(next_fire_at) FROM scheduler.agenda"))[0]
            if slot is None or slot > until:
                return fired
            fired += await self.fire(slot)

    async def take_outbox(self) -> list[Envelope]:
        """Delete and return the events in the outbox."""
        rows = await self.fetch_rows(
            "WITH gone AS (DELETE FROM scheduler.outbox RETURNING *) "
            "SELECT value, headers::text AS headers FROM gone ORDER BY id"
        )

        return [
            decode(
                REMINDERS,
                row.value,
                [(k, v.encode()) for k, v in json.loads(row.headers)],
            )
            for row in rows
        ]

    async def fetch_rows(self, statement: str, **values: object) -> Sequence[Any]:
        async with self.engine.begin() as db:
            result = await db.execute(text(statement), values)
            return result.all() if result.returns_rows else []

    async def get_timers(self) -> dict[UUID, datetime]:
        rows = await self.fetch_rows("SELECT obligation_id, next_fire_at FROM scheduler.timers")
        return {row.obligation_id: row.next_fire_at for row in rows}
