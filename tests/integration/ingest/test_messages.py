"""Messages: lists by filters, counts by cause, and the story of each."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.ingest.domain.statuses import MessageState
from shared.schemas.gateway_events import (
    AttemptEnded,
    NotificationDelivered,
    NotificationFailed,
    NotificationHeld,
    NotificationSent,
    NotificationUndelivered,
)
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.messages import Reminder, make_mail, put_message, tell

pytestmark = pytest.mark.integration


@pytest.fixture
async def reminder(api: Any) -> Reminder:
    await api.publish_plan()
    item = next(row for row in await api.list_ledger() if row["due_on"])
    made = Reminder(api.office_id, item)
    await tell(api, made.due(), made.fanned_out())
    return made


async def show(api: Any, notification_id: UUID) -> dict[str, Any]:
    answer = await api.client.get(f"/v1/messages/{notification_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_message_is_shown_with_its_whole_story(api: Any, reminder: Reminder) -> None:
    mail = reminder.of_mail | {"address": "a@b.example"}
    later = NOW + timedelta(minutes=5)
    busy = {"number": 1, "gateway": "a", "outcome": "busy", "detail": "421"}
    sent = {"attempts": 2, "gateway": "b", "subject": "【催办】", "body": "请办理"}
    await tell(
        api,
        AttemptEnded(**mail, ended_at=NOW, **busy),
        NotificationSent(**mail, sent_at=later, **sent),
    )
    assert (await show(api, reminder.mail))["status"] == "sent"
    report = {"reported_at": later, "attempts": 2, "gateway": "b", "detail": "UNDELIV"}
    await tell(api, NotificationUndelivered(**mail, **report))
    story = await show(api, reminder.mail)
    assert (story["status"], story["cause"], story["reason"]) == (
        *("undelivered", "undelivered"),
        "undelivered: UNDELIV",
    )
    await tell(api, NotificationDelivered(**mail, delivered_at=later + timedelta(hours=1)))
    story = await show(api, reminder.mail)
    assert (story["status"], story["reason"], story["body"]) == ("delivered", "", "请办理")
    assert [(row["number"], row["outcome"]) for row in story["attempts_made"]] == [
        *((1, "busy"), (2, "accepted")),
    ]
    assert [row["status"] for row in story["receipts"]] == ["undelivered", "delivered"]
    assert story["reminder"]["plan_title"] == "分解表"
    assert [row["ref"] for row in story["obligations"]] == [reminder.item["ref"]]
    assert [(row["channel"], row["status"]) for row in story["siblings"]] == [("sms", "pending")]


async def test_what_is_held_stays_held_until_it_ends(api: Any, reminder: Reminder) -> None:
    held = {"held_at": NOW, "reason": "unknown-outcome", "gateway": "mas"}
    await tell(api, NotificationHeld(**reminder.of_mail, **held), reminder.fanned_out())
    story = await show(api, reminder.mail)
    assert (story["status"], story["cause"], story["gateway"]) == ("held", "unknown-outcome", "mas")
    failed = {"failed_at": NOW, "attempts": 1, "reason": "rejected", "gateway": "mas"}
    await tell(api, NotificationFailed(**reminder.of_mail, **failed))
    assert (await show(api, reminder.mail))["status"] == "failed"


async def test_messages_are_filtered_and_grouped_by_cause(api: Any) -> None:
    await api.import_units()
    first, second = (await api.client.get("/v1/units")).json()["items"][:2]
    yesterday = NOW - timedelta(days=1)
    await put_message(api, first["unit_id"], reason="exhausted: busy: 421 try later")
    await put_message(api, second["unit_id"], reason="busy", slot=yesterday)
    await put_message(api, first["unit_id"], reason="rejected: 550", gateway="b", channel="sms")
    await put_message(
        api, first["unit_id"], state=MessageState.PENDING, reason="held/no-gateway",
        held="held/no-gateway", rank=0, gateway="",
    )  # fmt: skip
    await put_message(api, first["unit_id"], state=MessageState.DELIVERED, reason="", rank=2)

    async def count(**query: object) -> int:
        answer = await api.client.get("/v1/messages", params=query)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["items"])

    assert await count() == 5
    assert await count(cause="busy") == 2
    assert await count(status=["failed", "held"]) == 4
    assert await count(unit_id=second["unit_id"]) == 1
    assert await count(gateway="b", channel="sms") == 1
    day = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()
    before = day - timedelta(days=1)
    assert await count(**{"from": day, "to": day}) == 4
    assert await count(to=before) == 1
    page = (await api.client.get("/v1/messages", params={"limit": 3})).json()
    assert await count(cursor=page["next_cursor"]) == 2
    causes = (await api.client.get("/v1/messages/causes")).json()["items"]
    found = {(row["status"], row["cause"], row["messages"], row["units"]) for row in causes}
    assert found == {
        ("failed", "busy", 2, 2),
        ("failed", "rejected", 1, 1),
        ("held", "held/no-gateway", 1, 1),
    }
    wrong = await api.client.get("/v1/messages", params={"from": str(day), "to": "2000-01-01"})
    assert wrong.status_code == 422


async def test_gateways_are_shown_by_what_they_accepted_and_refused(api: Any) -> None:
    mail = make_mail(api.office_id)
    busy = {"gateway": "a", "outcome": "busy", "detail": "421"}
    late = NOW + timedelta(minutes=5)
    undelivered = {"reported_at": late, "attempts": 3, "gateway": "b"}
    await tell(
        api,
        AttemptEnded(**mail, number=1, ended_at=NOW, **busy),
        AttemptEnded(**mail, number=2, ended_at=late, **busy | {"detail": "450"}),
        NotificationSent(**mail, sent_at=late, attempts=3, gateway="b"),
        NotificationUndelivered(**mail, **undelivered),
    )
    first, second = (await api.client.get("/v1/gateways")).json()["items"]
    assert (first["gateway"], first["accepted"]) == ("a", [])
    assert [(row["outcome"], row["attempts"]) for row in first["refused"]] == [("busy", 2)]
    assert first["latest"]["detail"] == "450"
    (accepted,) = second["accepted"]
    assert (accepted["channel"], accepted["accepted"], accepted["undelivered"]) == ("email", 1, 1)
    api.clock.instant = NOW + timedelta(days=8)
    assert (await api.client.get("/v1/gateways")).json()["items"] == []
