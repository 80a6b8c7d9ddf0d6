"""Messages of an office, entered as the history's consumer enters them."""

from typing import Any
from uuid import UUID, uuid4

from services.ingest.domain.statuses import MessageState
from services.ingest.projection import project
from services.ingest.store import history
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue, ReminderFannedOut
from shared.schemas.facts import NotificationRef, ReminderItem
from shared.schemas.rules import Audience, Channel, ReminderKind
from tests.integration.ingest.conftest import NOW


def make_notification(office_id: UUID, unit_id: str, **values: Any) -> dict[str, Any]:
    row = {
        "notification_id": uuid4(),
        "reminder_id": uuid4(),
        "office_id": office_id,
        "unit_id": UUID(unit_id),
        "audience": "liaison",
        "channel": "email",
        "slot": NOW,
        "state": MessageState.FAILED,
        "rank": 1,
        "address": "liaison@x.example",
        "at": NOW,
        "reason": "rejected",
        "gateway": "smtp",
        "subject": "催办",
        "body": "请办理",
        "sent_at": None,
        "attempts": 3,
    }
    return row | values


def make_reminder(notification: dict[str, Any], to_unit: UUID | None = None) -> dict[str, Any]:
    """The reminder of a notification, in the columns of the history."""
    same = ("reminder_id", "office_id", "unit_id", "slot")
    row = {name: notification[name] for name in same}
    row |= {"audience": Audience.LIAISON, "plan_title": "", "rule_version": 1, "items": []}
    return row | {"fired_at": NOW, "complete": True, "rule_id": "", "to_unit": to_unit}


async def put_message(api: Any, unit_id: str, **values: Any) -> str:
    """Enter a message to a unit, by default a mail that was refused; its id."""
    office_id = values.pop("office_id", api.office_id)
    row = make_notification(office_id, unit_id, **values)
    async with api.engine.begin() as db:
        await history.put_notifications(db, [row])
    return str(row["notification_id"])


async def tell(api: Any, *events: Event) -> None:
    """Let the history's consumer read events, each as a batch of its own."""
    for event in events:
        async with api.engine.begin() as db:
            await project(db, [Envelope(uuid4(), "/test", NOW, uuid4(), event)])


class Reminder:
    """A reminder of the first obligation in the ledger, with two messages."""

    def __init__(self, office_id: UUID, item: dict[str, Any]) -> None:
        self.item = item
        self.about = {
            "office_id": office_id,
            "unit_id": UUID(item["unit_id"]),
            "reminder_id": uuid4(),
            "audience": Audience.LIAISON,
            "slot": NOW,
        }
        self.mail, self.sms = uuid4(), uuid4()

    @property
    def of_mail(self) -> dict[str, Any]:
        return {**self.about, "notification_id": self.mail, "channel": Channel.EMAIL}

    def due(self) -> ReminderDue:
        item = ReminderItem(
            obligation_id=UUID(self.item["obligation_id"]),
            ref=self.item["ref"],
            task_name=self.item["task_name"],
            text=self.item["text"],
            kind=ReminderKind.DEADLINE,
            due_on=self.item["due_on"],
        )
        return ReminderDue(
            **self.about,
            timezone="Asia/Shanghai",
            channels=(Channel.EMAIL, Channel.SMS),
            rule_version=1,
            plan_title="分解表",
            items=(item,),
        )

    def fanned_out(self) -> ReminderFannedOut:
        pairs = ((self.mail, Channel.EMAIL), (self.sms, Channel.SMS))
        refs = [NotificationRef(notification_id=n, channel=c) for n, c in pairs]
        return ReminderFannedOut(**self.about, notifications=tuple(refs))


def make_mail(office_id: UUID) -> dict[str, Any]:
    """What every event of a mail of its own names."""
    return {
        "office_id": office_id,
        "unit_id": uuid4(),
        "reminder_id": uuid4(),
        "notification_id": uuid4(),
        "audience": Audience.LIAISON,
        "channel": Channel.EMAIL,
        "slot": NOW,
    }
