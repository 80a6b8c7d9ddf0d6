"""A notifier in this process, and the events that its tests send to it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier import handlers
from services.notifier.dispatch.channels import make_lanes
from services.notifier.dispatch.choosing import OutletState
from services.notifier.dispatch.lane import Lane
from services.notifier.dispatch.offers import ChannelRules, Offer
from services.notifier.dispatch.preparing import prepare
from services.notifier.gateways.push_reading import PushReader
from services.notifier.settings import NotifierSettings
from shared.clock import SteppedClock
from shared.kafka.broker.codec import decode
from shared.schemas import identity
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import LinkRequested, ReminderDue, ReminderWithdrawn, UnitUpserted
from shared.schemas.facts import Contact, ReminderItem
from shared.schemas.gateway_events import (
    HoldRecorded,
    MessageActionRequested,
    ReceiptReceived,
    ReceiptsPushed,
)
from shared.schemas.gateway_states import GatewayTestRequested
from shared.schemas.office_events import OfficeSettingsPublished, TemplatePublished
from shared.schemas.rules import Audience, Channel, ReminderKind
from shared.schemas.topics import DELIVERIES, GATEWAYS
from tests.integration.notifier.sinks import MailSink, SmsSink

OFFICE = identity.derive_office_id("yanting")
SLOT = datetime(2023, 12, 26, 1, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE = 120.0
"""Seconds after which a test fails because it hangs."""
IMPATIENT: dict[str, Any] = {"send_timeout": timedelta(seconds=3), "lease": timedelta(seconds=9)}
"""For tests in which a time-out or a lease ends; the others use long ones."""


async def wait_until(check: Callable[[], Any], within: float = PATIENCE) -> Any:
    """Wait until `check`, which may be a coroutine function, returns a true value; returns it."""
    async with asyncio.timeout(within):
        while True:
            result = check()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            await asyncio.sleep(0.02)


def get_unit_id(name: str = "县教体局") -> UUID:
    return identity.derive_unit_id(OFFICE, name)


def make_unit(
    name: str = "县教体局", number: int = 1, contacts: Sequence[Contact] | None = None, **more: Any
) -> UnitUpserted:
    unit = get_unit_id(name)
    if contacts is None:
        contacts = (make_contact(unit),)
    return UnitUpserted(
        office_id=OFFICE,
        unit_id=unit,
        number=number,
        name=name,
        contacts=tuple(contacts),
        office_name="盐亭县政务公开办公室",
        **more,
    )


def make_contact(unit: UUID, post: str = "liaison", number: int = 0, **more: Any) -> Contact:
    facts = {"email": "jtj@jtj.example", "mobile": "13800000000"} | more
    return Contact(
        contact_id=identity.derive_contact_id(unit, post, number), post=Audience(post), **facts
    )


def make_item(ref: str, due_on: date = date(2023, 12, 31), **more: Any) -> ReminderItem:
    facts = {"kind": ReminderKind.DEADLINE, "task_name": "主动公开民生保障"} | more
    return ReminderItem(
        obligation_id=uuid5(OFFICE, ref), ref=ref, text="及时公开。", due_on=due_on, **facts
    )


def make_reminder(
    name: str = "县教体局",
    slot: datetime = SLOT,
    items: Sequence[ReminderItem] = (make_item("2.1"),),
    channels: Sequence[str] = ("email", "sms"),
    audience: str = "liaison",
) -> ReminderDue:
    unit = get_unit_id(name)
    return ReminderDue(
        office_id=OFFICE,
        unit_id=unit,
        reminder_id=identity.derive_reminder_id(unit, audience, slot),
        audience=Audience(audience),
        slot=slot,
        timezone="Asia/Shanghai",
        channels=tuple(map(Channel, channels)),
        rule_version=1,
        plan_title="2023年盐亭县政务公开重点任务分解表",
        items=tuple(items),
    )


def make_withdrawal(
    name: str = "县教体局", *refs: str, until: datetime = SLOT
) -> ReminderWithdrawn:
    return ReminderWithdrawn(
        office_id=OFFICE,
        unit_id=get_unit_id(name),
        obligation_ids=tuple(uuid5(OFFICE, ref) for ref in refs),
        until=until,
        reason="done",
    )


def to_envelope(event: Event) -> Envelope:
    event_id = uuid4()
    return Envelope(event_id, "/cuiban/test", SLOT, event_id, event)


@dataclass
class World:
    """A notifier in this process: its handlers and lanes on a real database, without a broker."""

    settings: NotifierSettings
    engine: AsyncEngine
    clock: SteppedClock
    mail: MailSink
    sms: SmsSink
    lanes: list[Lane] = field(default_factory=list)
    pushes: PushReader = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read pushes by the settings."""
        self.pushes = PushReader.of_settings(self.settings)

    async def tell(self, *events: Event) -> None:
        """Apply events in order, each kind through its handler, one transaction each."""
        for event in events:
            match event:
                case UnitUpserted():
                    handle = handlers.handle_directory
                case (
                    ReceiptReceived()
                    | ReceiptsPushed()
                    | LinkRequested()
                    | MessageActionRequested()
                    | GatewayTestRequested()
                    | HoldRecorded()
                ):
                    handle = partial(handlers.handle_receipts, self.pushes)
                case OfficeSettingsPublished() | TemplatePublished():
                    handle = handlers.handle_rules
                case _:
                    handle = handlers.handle_reminders
            async with self.engine.begin() as db:
                await handle(db, [to_envelope(event)], self.clock.now())

    def start(self, **overrides: Any) -> None:
        settings = self.settings.model_copy(update=overrides)
        for lane in make_lanes(settings, self.engine, self.clock):
            self.lanes.append(lane)
            self._tasks.append(asyncio.create_task(lane.run()))

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def claim(self, rules: ChannelRules, now: datetime, limit: int = 10) -> list[Offer]:
        """What one process claims in one transaction, if its gateways take as much."""
        states = {each.name: OutletState(limit) for each in rules.gateways}
        async with self.engine.begin() as db:
            _, offers = await prepare(db, rules, now=now, limit=limit, states=states)
        return offers

    async def expire_leases(self) -> None:
        """Let every lease have ended."""
        async with self.engine.begin() as db:
            await db.execute(text("UPDATE notifier.notifications SET lease_until = now()"))

    async def retry_now(self) -> None:
        """Let every back-off have ended."""
        async with self.engine.begin() as db:
            again = "UPDATE notifier.notifications SET retry_at = now() WHERE retry_at IS NOT NULL"
            await db.execute(text(again))

    async def fetch_rows(self, statement: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as db:
            return list((await db.execute(text(statement), values)).all())

    async def get_states(self) -> dict[str, str]:
        """The state of the notification of each channel."""
        rows = await self.fetch_rows("SELECT channel, state FROM notifier.notifications")
        return {row.channel: row.state for row in rows}

    async def list_events(self, kind: str | None = None) -> list[Event]:
        """The events in the outbox, in order."""
        rows = await self.fetch_rows(
            "SELECT topic, value, headers FROM notifier.outbox ORDER BY id"
        )
        topics = {topic.name: topic for topic in (DELIVERIES, GATEWAYS)}
        events = []
        for row in rows:
            headers = json.loads(row.headers) if isinstance(row.headers, str) else row.headers
            encoded = [(k, v.encode()) for k, v in headers]
            events.append(decode(topics[row.topic], row.value, encoded).event)
        return [event for event in events if kind is None or type(event).__name__ == kind]
