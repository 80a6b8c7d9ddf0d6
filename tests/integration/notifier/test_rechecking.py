"""What is withdrawn while its offer waits for a connection does not go out."""

import pytest

from services.notifier.dispatch import rechecking
from tests.integration.notifier.world import (
    World,
    make_item,
    make_reminder,
    make_unit,
    make_withdrawal,
    wait_until,
)

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def ask_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is trusted for a while: a fast machine tells within that time."""
    monkeypatch.setattr(rechecking, "_TRUSTED_FOR", 0.0)


async def waiting(world: World) -> None:
    """One mail hangs at the server; the second is claimed and waits for the connection."""
    world.mail.hangs = 1
    for name in ("县教体局", "县卫健局"):
        await world.tell(make_unit(name))
    await world.tell(make_reminder("县教体局", channels=("email",)))
    items = (make_item("2.1"), make_item("3.1"))
    later = make_reminder("县卫健局", items=items, channels=("email",))
    await world.tell(later)
    world.start(email_connections=1)
    await wait_until(lambda: world.mail.mails)
    claimed = "SELECT 1 FROM notifier.notifications WHERE state = 'sending'"

    async def both() -> bool:
        return len(await world.fetch_rows(claimed)) == 2

    await wait_until(both)


async def test_what_is_done_while_its_offer_waits_is_not_sent(world: World) -> None:
    await waiting(world)
    await world.tell(make_withdrawal("县卫健局", "2.1", "3.1"))
    world.mail.hang.set()
    (event,) = await wait_until(lambda: world.list_events("NotificationSuppressed"))
    assert event.reason == "withdrawn"
    assert len(world.mail.mails) == 1
    (row,) = await world.fetch_rows(
        "SELECT n.state, a.outcome FROM notifier.notifications n "
        "JOIN notifier.attempts a USING (notification_id) WHERE n.notification_id = :id",
        id=event.notification_id,
    )
    assert (row.state, row.outcome) == ("withdrawn", "withdrawn")


async def test_what_is_partly_done_meanwhile_goes_out_with_the_rest(world: World) -> None:
    await waiting(world)
    await world.tell(make_withdrawal("县卫健局", "2.1"))
    world.mail.hang.set()

    async def two() -> list[object]:
        events = await world.list_events("NotificationSent")
        return events if len(events) == 2 else []

    told = await wait_until(two)
    (event,) = [e for e in told if e.obligation_ids == (make_item("3.1").obligation_id,)]
    assert "任务2.1" not in event.body
    assert "任务3.1" in event.body
    assert len(world.mail.mails) == 2
