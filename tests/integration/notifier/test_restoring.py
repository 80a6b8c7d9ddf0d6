"""After a restore nothing is sent until it is accepted, and then only what was not sent before."""

import pytest
from sqlalchemy import text

from services.notifier.dispatch.channels import make_channels
from services.notifier.restoring import mark_ended
from shared.schemas.gateway_events import NotificationSent
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


async def test_what_the_log_says_was_sent_is_not_sent_again_and_the_rest_is(world: World) -> None:
    reminder = make_reminder()
    await world.tell(make_unit(), reminder)
    async with world.engine.begin() as db:
        await db.execute(
            text(
                "INSERT INTO notifier.restores (topic, partition, first_offset, end_offset) "
                "VALUES ('t', 0, 1, 2)"
            )
        )
    for channel in (Channel.EMAIL, Channel.SMS):
        rules = make_channels(world.settings)[channel].rules
        assert await world.claim(rules, SLOT) == []
    (mail,) = await world.fetch_rows(
        "SELECT notification_id FROM notifier.notifications WHERE channel = 'email'"
    )
    sent = NotificationSent(
        office_id=OFFICE,
        unit_id=reminder.unit_id,
        reminder_id=reminder.reminder_id,
        notification_id=mail.notification_id,
        audience=Audience.LIAISON,
        channel=Channel.EMAIL,
        slot=SLOT,
        sent_at=SLOT,
        attempts=1,
        gateway="smtp",
        gateway_message_id="m-1",
    )
    other = sent.model_copy(update={"notification_id": reminder.reminder_id})
    async with world.engine.begin() as db:
        done = await mark_ended(db, [sent, other])
        await db.execute(text("UPDATE notifier.restores SET accepted_at = now()"))
    assert (done.sent, done.marked, done.unknown) == (2, 1, 1)
    world.start()
    await wait_until(lambda: world.sms.posts)

    async def both_sent() -> bool:
        return await world.get_states() == {"email": "sent", "sms": "sent"}

    await wait_until(both_sent)
    assert world.mail.mails == []
