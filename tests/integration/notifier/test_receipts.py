"""A receipt belongs to the office and the gateway that sent the message, and to no other."""

from datetime import timedelta
from uuid import UUID

import pytest

from shared.schemas import identity
from shared.schemas.gateway_events import ReceiptReceived
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
OTHER = identity.derive_office_id("another-county")
KEPT = "SELECT office_id, gateway, reason FROM notifier.delivery_receipts ORDER BY gateway"


def receipt(
    office_id: UUID = OFFICE, gateway: str = "webhook", state: str = "delivered"
) -> ReceiptReceived:
    return ReceiptReceived(
        office_id=office_id,
        gateway=gateway,
        gateway_message_id="m1",
        state=state,
        received_at=SLOT + timedelta(minutes=1),
    )


async def send(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    await wait_until(lambda: world.list_events("NotificationSent"))


FOREIGN = [
    (receipt(OTHER), "other-office"),
    (receipt(gateway="smtp"), "other-gateway"),
    (receipt(OTHER, "x", "failed"), "other-office"),
]


@pytest.mark.parametrize(("foreign", "reason"), FOREIGN)
@pytest.mark.parametrize("early", [True, False])
async def test_a_foreign_receipt_is_kept_with_its_reason_and_not_applied(
    world: World, foreign: ReceiptReceived, reason: str, early: bool
) -> None:
    if early:
        await world.tell(foreign)
        (row,) = await world.fetch_rows(KEPT)
        assert row.reason == "not-sent-yet"
    await send(world)
    if not early:
        await world.tell(foreign)
    (row,) = await world.fetch_rows(KEPT)
    assert (row.office_id, row.gateway, row.reason) == (
        foreign.office_id,
        foreign.gateway,
        reason,
    )
    (row,) = await world.fetch_rows("SELECT receipt, delivered_at FROM notifier.notifications")
    assert (row.receipt, row.delivered_at) == ("", None)
    assert await world.list_events("NotificationDelivered") == []


@pytest.mark.parametrize("early", [True, False])
async def test_a_foreign_receipt_does_not_stand_before_the_right_one(
    world: World, early: bool
) -> None:
    if early:
        await world.tell(*[one for one, _ in FOREIGN], receipt(gateway=" Webhook"))
    await send(world)
    if not early:
        await world.tell(*[one for one, _ in FOREIGN], receipt())
    (event,) = await wait_until(lambda: world.list_events("NotificationDelivered"))
    assert event.office_id == OFFICE
    assert event.delivered_at == SLOT + timedelta(minutes=1)
    assert len(await world.fetch_rows(KEPT)) == 3


async def test_what_was_sent_before_gateways_were_noted_goes_by_its_office(world: World) -> None:
    await send(world)
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.notifications SET gateway = ''")
    await world.tell(receipt(OTHER))
    assert await world.list_events("NotificationDelivered") == []
    await world.tell(receipt(gateway="sms"))
    assert len(await world.list_events("NotificationDelivered")) == 1
