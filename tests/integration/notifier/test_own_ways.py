"""A rule's own way of sending goes before, or beside, what the office says."""

from datetime import timedelta

import pytest

from shared.rules.book import How
from shared.schemas.events import ReminderDue
from tests.integration.notifier.world import (
    SLOT,
    World,
    make_item,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
EVENING = SLOT + timedelta(hours=13)
"""22:00 in Shanghai, within the quiet hours of short messages."""


def of_rule(reminder: ReminderDue, **how: object) -> ReminderDue:
    own = How.model_validate(how)
    return reminder.model_copy(update={"rule_id": "rule", "how": own})


async def wait_for_sent(world: World, number: int) -> None:
    """Until so many messages are sent and their outcomes are recorded."""

    async def are_sent() -> bool:
        return len(await world.list_events("NotificationSent")) == number

    await wait_until(are_sent)


async def test_what_is_urgent_is_sent_at_night(world: World) -> None:
    world.clock.set(EVENING)
    urgent = make_reminder(slot=EVENING, channels=("sms",))
    await world.tell(make_unit(), of_rule(urgent, urgency="urgent"))
    world.start()
    await wait_until(lambda: world.sms.posts)


async def test_a_rules_daily_limit_counts_its_own_messages_and_the_rest_goes_the_next_day(
    world: World,
) -> None:
    """The digest of the same contact does not count, and is not held back."""
    slots = [SLOT + timedelta(minutes=minutes) for minutes in range(3)]
    first, second, digest = (
        make_reminder(slot=slot, channels=("email",), items=(make_item(ref),))
        for slot, ref in zip(slots, ("2.1", "3.1", "4.1"), strict=True)
    )
    world.clock.set(slots[-1])
    limited = [of_rule(each, daily_limit=1) for each in (first, second)]
    await world.tell(make_unit(), *limited, digest)
    world.start()
    deferred = "SELECT not_before FROM notifier.notifications WHERE reason = 'daily-limit'"
    (row,) = await wait_until(lambda: world.fetch_rows(deferred))
    assert row.not_before == slots[1] + timedelta(days=1)
    await wait_for_sent(world, 2)
    world.clock.set(row.not_before)
    await wait_for_sent(world, 3)


async def test_what_was_sent_before_counts_towards_a_rules_daily_limit(world: World) -> None:
    later = SLOT + timedelta(hours=1)
    first, second = (make_reminder(slot=slot, channels=("email",)) for slot in (SLOT, later))
    await world.tell(make_unit(), of_rule(first, daily_limit=1))
    world.start()
    await wait_for_sent(world, 1)
    world.clock.set(later)
    await world.tell(of_rule(second, daily_limit=1))
    deferred = "SELECT 1 FROM notifier.notifications WHERE reason = 'daily-limit'"
    await wait_until(lambda: world.fetch_rows(deferred))
    assert len(world.mail.mails) == 1


async def test_an_overdue_reminder_is_given_up_after_its_rules_days(world: World) -> None:
    world.clock.set(SLOT + timedelta(days=2, minutes=1))
    reminder = make_reminder(channels=("email",), items=(make_item("2.1", overdue=3),))
    await world.tell(make_unit(), of_rule(reminder, useful_days=2))
    world.start()
    (event,) = await wait_until(lambda: world.list_events("NotificationSuppressed"))
    assert event.reason == "past-usefulness"
