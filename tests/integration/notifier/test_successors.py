"""A person who leaves: what was not sent goes to who follows, and to nobody twice."""

from datetime import date, timedelta

import pytest
from aiohttp import web

from services.notifier.dispatch.channels import make_lanes
from services.notifier.dispatch.offers import Offer
from shared.schemas.events import UnitUpserted
from shared.schemas.facts import Contact
from shared.schemas.gateway_events import NotificationSent, NotificationSuppressed
from tests.integration.notifier.world import (
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_item,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
OLD, NEW = "jtj@jtj.example", "new@jtj.example"
OLD_MOBILE, NEW_MOBILE = "13800000000", "13911112222"
TODAY = date(2023, 12, 26)
TOMORROW = TODAY + timedelta(days=1)


def person(**more: object) -> Contact:
    return make_contact(get_unit_id(), **{"email": NEW, "mobile": NEW_MOBILE} | more)


def replaced(number: int = 2, **more: object) -> UnitUpserted:
    return make_unit(number=number, contacts=[person(**more)])


def mailed(world: World) -> list[str]:
    return [mail["To"] for mail in world.mail.mails]


def texted(world: World) -> list[str]:
    return [post["data"]["to"] for _, post in world.sms.posts]


async def all_ended(world: World) -> bool:
    """Whether each notification that the fan-out told of has ended, exactly once."""
    told = await world.list_events()
    due_ids = [
        ref.notification_id
        for event in told
        if type(event).__name__ == "ReminderFannedOut"
        for ref in event.notifications
    ]
    ended = [
        event.notification_id
        for event in told
        if isinstance(event, NotificationSent | NotificationSuppressed)
    ]
    assert len(ended) == len(set(ended))
    return bool(due_ids) and sorted(due_ids, key=str) == sorted(ended, key=str)


async def test_what_is_pending_goes_to_who_follows_on_both_channels_and_to_nobody_else(
    world: World,
) -> None:
    await world.tell(make_unit(), make_reminder())
    await world.tell(replaced(), replaced())
    world.start()
    await wait_until(lambda: all_ended(world))
    assert (mailed(world), texted(world)) == ([NEW], [NEW_MOBILE])
    told = {event.channel: event for event in await world.list_events("NotificationSent")}
    assert (told["email"].address, told["sms"].address) == (NEW, NEW_MOBILE)
    kept = await world.fetch_rows("SELECT address FROM notifier.notifications ORDER BY channel")
    assert [row.address for row in kept] == [NEW, NEW_MOBILE]


async def test_an_older_event_about_the_unit_takes_nothing_back(world: World) -> None:
    await world.tell(
        make_unit(), make_reminder(channels=("email",)), replaced(number=3), make_unit(number=2)
    )
    world.start()
    await wait_until(lambda: all_ended(world))
    assert mailed(world) == [NEW]


async def test_what_was_sent_is_not_sent_to_who_follows(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: all_ended(world))
    await world.tell(replaced())
    later = make_reminder(
        slot=SLOT + timedelta(minutes=1), items=(make_item("3.1"),), channels=("email",)
    )
    world.clock.set(SLOT + timedelta(minutes=1))
    await world.tell(later)
    await wait_until(lambda: len(world.mail.mails) == 2)
    assert mailed(world) == [OLD, NEW]
    await wait_until(lambda: all_ended(world))


async def test_an_attempt_under_way_ends_where_it_began(world: World) -> None:
    world.mail.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: world.mail.mails)
    await world.tell(replaced())
    world.mail.hang.set()
    await wait_until(lambda: all_ended(world))
    assert mailed(world) == [OLD]
    (event,) = await world.list_events("NotificationSent")
    assert event.address == OLD


async def test_an_unknown_outcome_is_repeated_where_it_was_offered(world: World) -> None:
    world.mail.drops = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start(unknown_pause=timedelta(seconds=2))
    unknown = "SELECT 1 FROM notifier.attempts WHERE outcome = 'unknown'"
    await wait_until(lambda: world.fetch_rows(unknown))
    await world.tell(replaced(valid_to=TODAY - timedelta(days=1)))
    await wait_until(lambda: all_ended(world))
    assert mailed(world) == [OLD, OLD]
    assert len(set(world.mail.ids)) == 1


async def test_an_attempt_whose_process_died_is_repeated_where_it_was_offered(
    world: World,
) -> None:
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    first = await offered(world)
    await world.tell(replaced())
    await world.expire_leases()
    second = await offered(world)
    assert [offer.message.address for offer in (*first, *second)] == [OLD, OLD]


async def offered(world: World) -> list[Offer]:
    rules = make_lanes(world.settings, world.engine, world.clock)[0].rules
    return await world.claim(rules, world.clock.now())


async def test_what_a_gateway_surely_refused_goes_to_who_follows(world: World) -> None:
    world.sms.answers.append(web.Response(status=503))
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start(retry_delays=(timedelta(hours=1),))
    await wait_until(
        lambda: world.fetch_rows("SELECT 1 FROM notifier.attempts WHERE outcome = 'busy'")
    )
    await world.tell(replaced())
    await world.retry_now()
    await wait_until(lambda: all_ended(world))
    assert texted(world) == [NEW_MOBILE]
    (event,) = await world.list_events("NotificationSent")
    assert (event.address, event.attempts) == (NEW_MOBILE, 2)


async def test_a_successor_is_written_to_from_the_day_on_which_they_begin(world: World) -> None:
    leaves = make_contact(get_unit_id(), valid_to=TODAY)
    evening = SLOT + timedelta(hours=13)  # 22:00 in Shanghai: short messages wait for the morning
    world.clock.set(evening)
    await world.tell(
        make_unit(contacts=[leaves, person(valid_from=TOMORROW)]), make_reminder(slot=evening)
    )
    world.start()
    deferred = "SELECT not_before FROM notifier.notifications WHERE reason = 'quiet-hours'"
    (row,) = await wait_until(lambda: world.fetch_rows(deferred))
    await wait_until(lambda: world.mail.mails)
    world.clock.set(row.not_before)
    await wait_until(lambda: all_ended(world))
    assert (mailed(world), texted(world)) == ([OLD], [NEW_MOBILE])


async def test_one_whose_validity_ended_before_sending_is_not_written_to(world: World) -> None:
    evening = SLOT + timedelta(hours=13)
    world.clock.set(evening)
    leaves = make_contact(get_unit_id(), valid_to=TODAY)
    await world.tell(make_unit(contacts=[leaves]), make_reminder(slot=evening, channels=("sms",)))
    world.start()
    deferred = "SELECT not_before FROM notifier.notifications WHERE reason = 'quiet-hours'"
    (row,) = await wait_until(lambda: world.fetch_rows(deferred))
    world.clock.set(row.not_before)
    await wait_until(lambda: all_ended(world))
    (event,) = await world.list_events("NotificationSuppressed")
    assert event.reason == "no-contact"
    assert world.sms.posts == []


async def test_two_people_in_one_post_are_both_written_to_and_one_of_them_replaced(
    world: World,
) -> None:
    second = make_contact(get_unit_id(), number=1, email="second@jtj.example")
    await world.tell(
        make_unit(contacts=[make_contact(get_unit_id()), second]),
        make_reminder(channels=("email",)),
    )
    await world.tell(make_unit(number=2, contacts=[person(), second]))
    world.start()
    await wait_until(lambda: all_ended(world))
    assert sorted(mailed(world)) == [NEW, "second@jtj.example"]
