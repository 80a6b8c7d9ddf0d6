"""What people order for messages: the notifier decides, and tells what it did."""

from datetime import time
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from pydantic import SecretStr

from services.notifier.domain.retry import WhenUnknown
from shared.schemas.gateway_events import (
    MessageActionAnswered,
    MessageActionRequested,
    NotificationFailed,
    NotificationHeld,
    NotificationUndelivered,
    ReceiptReceived,
)
from shared.schemas.messages import MessageAction
from shared.schemas.office import Hours, OfficeSettings
from shared.schemas.office_events import OfficeSettingsPublished
from shared.schemas.rules import Audience, Channel
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
NEW = "13900000009"


async def order(world: World, action: MessageAction, **values: Any) -> MessageActionAnswered:
    """Order something for the only message; the notifier's answer."""
    (row,) = await world.fetch_rows("SELECT * FROM notifier.notifications")
    request = MessageActionRequested(
        office_id=OFFICE,
        unit_id=row.unit_id,
        reminder_id=row.reminder_id,
        notification_id=row.notification_id,
        audience=Audience(row.audience),
        channel=Channel(row.channel),
        slot=row.slot,
        request_id=uuid4(),
        action=action,
        requested_at=SLOT,
        **values,
    )
    await world.tell(request)
    answers = await world.list_events("MessageActionAnswered")
    answer = answers[-1]
    assert isinstance(answer, MessageActionAnswered)
    assert (answer.request_id, answer.action) == (request.request_id, action)
    return answer


async def fail(world: World) -> NotificationFailed:
    """Send a short message that its gateway refuses for good."""
    world.sms.answers = [web.json_response({"error": "no"}, status=400)]
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    (failed,) = await wait_until(lambda: world.list_events("NotificationFailed"))
    assert isinstance(failed, NotificationFailed)
    return failed


async def test_what_failed_is_sent_again_under_the_same_key(world: World) -> None:
    failed = await fail(world)
    assert (failed.attempts, failed.gateway) == (1, "webhook")
    answer = await order(world, MessageAction.RESEND)
    assert (answer.refused, answer.reopened) == ("", True)
    (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
    ((headers, _),) = world.sms.posts
    assert headers["webhook-id"] == str(sent.notification_id) == str(failed.notification_id)
    assert sent.attempts == 2
    assert (await order(world, MessageAction.RESEND)).refused == "accepted"


async def test_what_fails_a_second_time_is_told_a_second_time(world: World) -> None:
    await fail(world)
    world.sms.answers = [web.json_response({"error": "no"}, status=400)]
    await order(world, MessageAction.RESEND)

    async def failed_twice() -> bool:
        ids = await world.fetch_rows(
            "SELECT headers FROM notifier.outbox WHERE headers::text LIKE '%NotificationFailed%'"
        )
        return len({dict(row.headers)["ce_id"] for row in ids}) == 2

    await wait_until(failed_twice)


async def test_what_failed_goes_to_another_address_when_told_so(world: World) -> None:
    await fail(world)
    answer = await order(world, MessageAction.READDRESS, new_address=NEW)
    assert (answer.refused, answer.reopened, answer.address) == ("", False, NEW)
    await order(world, MessageAction.RESEND)
    (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
    assert sent.address == NEW
    assert world.sms.posts[0][1]["data"]["to"] == NEW


async def test_a_cancelled_message_is_suppressed_and_never_sent(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    answer = await order(world, MessageAction.CANCEL)
    assert answer.refused == ""
    (suppressed,) = await world.list_events("NotificationSuppressed")
    assert suppressed.reason == "cancelled"
    assert await world.get_states() == {"sms": "suppressed"}
    assert (await order(world, MessageAction.CANCEL)).refused == "ended"


async def test_a_release_overrides_quiet_hours_and_no_missing_gateway(world: World) -> None:
    quiet = OfficeSettings(quiet_sms=Hours(begin=time(8), end=time(10)))
    settings = OfficeSettingsPublished(office_id=OFFICE, number=1, settings=quiet)
    await world.tell(settings, make_unit(), make_reminder(channels=("sms",)))
    world.start()

    async def is_deferred() -> bool:
        rows = await world.fetch_rows("SELECT reason FROM notifier.notifications")
        return bool(rows[0].reason == "quiet-hours")

    await wait_until(is_deferred)
    assert world.sms.posts == []
    assert (await order(world, MessageAction.RELEASE)).refused == ""
    await wait_until(lambda: world.sms.posts)


async def test_without_a_gateway_nothing_is_released(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start(sms_url=SecretStr(""))
    (held,) = await wait_until(lambda: world.list_events("NotificationHeld"))
    assert isinstance(held, NotificationHeld)
    assert held.reason == "held/no-gateway"
    assert (await order(world, MessageAction.RELEASE)).refused == "no-gateway"


async def test_what_is_held_after_an_unknown_outcome_is_released_to_its_gateway(
    world: World,
) -> None:
    world.sms.answers = [web.Response(status=502)]
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start(sms_unknown=WhenUnknown.HOLD)
    (held,) = await wait_until(lambda: world.list_events("NotificationHeld"))
    assert (held.reason, held.gateway) == ("unknown-outcome", "webhook")
    (attempt,) = await world.list_events("AttemptEnded")
    assert (attempt.number, attempt.outcome) == (1, "unknown")
    assert (await order(world, MessageAction.READDRESS)).refused == "perhaps-sent"
    answer = await order(world, MessageAction.RELEASE)
    assert (answer.refused, answer.reopened) == ("", False)
    await wait_until(lambda: world.list_events("NotificationSent"))
    assert len(world.sms.posts) == 1


async def test_what_a_receipt_says_did_not_arrive_is_sent_again(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    await wait_until(lambda: world.list_events("NotificationSent"))
    receipt = ReceiptReceived(
        office_id=OFFICE,
        gateway="webhook",
        gateway_message_id="m1",
        state="failed",
        received_at=SLOT,
        detail="UNDELIV",
    )
    await world.tell(receipt)
    (told,) = await world.list_events("NotificationUndelivered")
    assert isinstance(told, NotificationUndelivered)
    assert (told.attempts, told.gateway, told.detail) == (1, "webhook", "UNDELIV")
    assert (await order(world, MessageAction.RESEND)).reopened
    await wait_until(lambda: len(world.sms.posts) == 2)
    first, second = (headers["webhook-id"] for headers, _ in world.sms.posts)
    assert first == second
