"""Where the installation wants it, mails put due dates into calendars and take them out."""

from datetime import date, timedelta
from email.message import Message as Mail
from typing import Any

import pytest
from icalendar import Calendar

from services.notifier.app import make_calendar_mails
from shared.schemas.events import ReminderWithdrawn
from tests.integration.notifier.world import (
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_item,
    make_reminder,
    make_unit,
    make_withdrawal,
    wait_until,
)

pytestmark = pytest.mark.integration
SET: dict[str, Any] = {"mail_calendar": True}
DAY = timedelta(days=1)


def list_entries(mail: Mail) -> list[tuple[str, str, int, date]]:
    """Method, UID, sequence and date of each calendar object of a mail."""
    found = []
    for part in mail.walk():
        if part.get_content_type() == "text/calendar":
            calendar = Calendar.from_ical(part.get_payload(decode=True))
            event = calendar.events[0]
            entry = str(event["uid"]), int(event["sequence"]), event["dtstart"].dt
            found.append((str(calendar["method"]), *entry))
    return found


async def send(world: World, *items: Any, days: int = 0) -> list[tuple[str, str, int, date]]:
    """What the mail of a slot brings."""
    number = len(world.mail.mails)
    slot = SLOT + days * DAY
    await world.tell(make_reminder(channels=("email",), slot=slot, items=items))
    world.clock.set(slot)
    await wait_until(lambda: len(world.mail.mails) > number)
    return list_entries(world.mail.mails[-1])


async def cancel(world: World, withdrawn: ReminderWithdrawn) -> list[tuple[str, str, int, date]]:
    """What the mail after a withdrawal takes out; nothing when there is none."""
    await world.tell(withdrawn)
    number = len(world.mail.mails)
    settings = world.settings.model_copy(update=SET)
    mails = make_calendar_mails(settings, world.engine, None)
    assert mails is not None
    while await mails.send_next():
        pass
    await mails.gateway.close()
    return [entry for mail in world.mail.mails[number:] for entry in list_entries(mail)]


async def test_a_date_comes_once_moves_and_goes_under_one_uid(world: World) -> None:
    await world.tell(make_unit())
    world.start(**SET)
    ((method, uid, sequence, due_on),) = await send(world, make_item("2.1"))
    assert (method, sequence, due_on) == ("REQUEST", 0, date(2023, 12, 31))
    assert await send(world, make_item("2.1"), days=1) == []
    moved = await send(world, make_item("2.1", date(2024, 1, 31)), days=2)
    assert moved == [("REQUEST", uid, 1, date(2024, 1, 31))]
    done = make_withdrawal("县教体局", "2.1", until=SLOT + 3 * DAY)
    assert await cancel(world, done) == [("CANCEL", uid, 2, date(2024, 1, 31))]
    assert await cancel(world, done) == [], "once"
    again = await send(world, make_item("2.1", date(2024, 1, 31)), days=4)
    assert again == [("REQUEST", uid, 3, date(2024, 1, 31))]


async def test_a_date_that_moves_is_not_taken_out_first(world: World) -> None:
    await world.tell(make_unit())
    world.start(**SET)
    await send(world, make_item("2.1"))
    amended = make_withdrawal("县教体局", "2.1").model_copy(update={"reason": "amended"})
    assert await cancel(world, amended) == []


async def test_a_refused_cancellation_is_sent_again(world: World) -> None:
    await world.tell(make_unit())
    world.start(**SET)
    await send(world, make_item("2.1"))
    await world.stop()
    world.settings.retry_delays = (timedelta(0),)
    world.mail.answers = ["451 later"]
    ((method, _, _, _),) = await cancel(world, make_withdrawal("县教体局", "2.1"))
    assert method == "CANCEL"


async def test_without_the_setting_mails_bring_nothing(world: World) -> None:
    await world.tell(make_unit(contacts=None))
    world.start()
    assert await send(world, make_item("2.1")) == []
    rows = await world.fetch_rows(
        "SELECT 1 FROM notifier.calendar_entries WHERE unit_id = :unit", unit=get_unit_id()
    )
    assert rows == []


async def test_only_who_does_the_work_gets_dates(world: World) -> None:
    lead = "县政府办"
    others = make_contact(get_unit_id(lead), email="a@lead.example")
    deputy = make_contact(get_unit_id(), "deputy", email="d@jtj.example")
    own = make_contact(get_unit_id(), email="l@jtj.example")
    to_lead = make_reminder(channels=("email",)).model_copy(update={"to_unit": get_unit_id(lead)})
    to_deputy = make_reminder(channels=("email",), audience="deputy")
    await world.tell(make_unit(contacts=[own, deputy]), make_unit(lead, contacts=[others]))
    await world.tell(to_lead, to_deputy)
    world.start(**SET)
    await wait_until(lambda: len(world.mail.mails) == 2)
    assert {str(mail["to"]) for mail in world.mail.mails} == {"a@lead.example", "d@jtj.example"}
    assert [list_entries(mail) for mail in world.mail.mails] == [[], []]
    assert await send(world, make_item("2.1"), days=1) != []
