"""A reminder of one unit that another unit's post hears."""

from datetime import timedelta
from typing import Any

import pytest

from shared.schemas.events import ReminderDue, ReminderFannedOut
from shared.schemas.office_events import TemplatePublished
from shared.schemas.templates import STANDARD, TemplateKind, TemplateParts
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_reminder,
    make_unit,
    make_withdrawal,
    wait_until,
)

pytestmark = pytest.mark.integration
OWING, LEAD = "县教体局", "县政府办"


def tell_lead(**changes: Any) -> ReminderDue:
    event = make_reminder(audience="deputy", **changes)
    return event.model_copy(update={"to_unit": get_unit_id(LEAD)})


def make_lead(number: int = 1, **deputy: str) -> Any:
    contact = make_contact(get_unit_id(LEAD), "deputy", **{"email": "b@lead.example"} | deputy)
    return make_unit(LEAD, number, contacts=[contact])


async def test_it_waits_for_both_units_and_goes_to_the_other_ones_post(world: World) -> None:
    await world.tell(tell_lead(channels=("email",)))
    await world.tell(make_lead())
    (row,) = await world.fetch_rows("SELECT state FROM notifier.reminders")
    assert row.state == "waiting"
    await world.tell(make_unit())
    (event,) = await world.list_events("ReminderFannedOut")
    assert isinstance(event, ReminderFannedOut)
    assert event.unit_id == get_unit_id(OWING)
    world.start()
    (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
    assert sent.address == "b@lead.example"
    assert OWING in sent.subject
    assert sent.body.startswith(f"{LEAD}分管领导")
    assert f"{OWING}有1项工作" in sent.body


async def test_the_owing_units_withdrawal_and_the_other_ones_new_address_count(
    world: World,
) -> None:
    later = SLOT + timedelta(minutes=1)
    await world.tell(make_unit(), make_lead())
    await world.tell(tell_lead(channels=("email",)), tell_lead(channels=("email",), slot=later))
    await world.tell(make_withdrawal(OWING, "2.1"))
    await world.tell(make_lead(2, email="new@lead.example"))
    world.clock.set(later)
    world.start()
    (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
    assert sent.address == "new@lead.example"
    assert sent.slot == later


async def test_a_unit_without_such_a_post_is_suppressed_with_the_reason(world: World) -> None:
    await world.tell(make_unit(), make_unit(LEAD), tell_lead(channels=("email",)))
    (event,) = await world.list_events("NotificationSuppressed")
    assert (event.unit_id, event.reason) == (get_unit_id(OWING), "no-contact")


GREETS_UNIT = "{{ unit }}{{ post }}：贵单位有{{ figures.items }}项。"
GREETS_TOLD = "{{ told or unit }}{{ post }}：{{ unit }}有{{ figures.items }}项。"


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        (GREETS_TOLD, f"{LEAD}分管领导：{OWING}有1项。"),
        (GREETS_UNIT, f"{LEAD}分管领导：\n\n您好"),
    ],
)
async def test_a_template_that_greets_the_owing_unit_alone_writes_to_no_other(
    world: World, text: str, begin: str
) -> None:
    parts = TemplateParts(subject="{{ subject }}", text=text, html=f"<p>{text}</p>")
    await world.tell(
        TemplatePublished(
            office_id=OFFICE, kind=TemplateKind.DIGEST_MAIL, name=STANDARD, number=1, parts=parts
        )
    )
    await world.tell(make_unit(), make_lead(), tell_lead(channels=("email",)))
    world.start()
    (sent,) = await wait_until(lambda: world.list_events("NotificationSent"))
    assert sent.body.startswith(begin)
