"""An office's own quiet hours, limits and signature go before the installation's."""

from datetime import time, timedelta
from uuid import uuid4

import pytest

from shared.schemas.office import Hours, OfficeSettings
from shared.schemas.office_events import OfficeSettingsPublished
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    make_item,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
MORNING = Hours(begin=time(8), end=time(10))
"""SLOT is 09:00 at the office."""


def settings(number: int, office=OFFICE, **values: object) -> OfficeSettingsPublished:
    return OfficeSettingsPublished(
        office_id=office, number=number, settings=OfficeSettings(**values)
    )


async def reasons(world: World) -> dict[str, str]:
    rows = await world.fetch_rows("SELECT channel, reason FROM notifier.notifications")
    return {row.channel: row.reason for row in rows}


async def test_quiet_hours_of_the_office_defer_what_the_installation_would_send(
    world: World,
) -> None:
    await world.tell(settings(1, quiet_sms=MORNING), make_unit(), make_reminder())
    world.start()
    await wait_until(lambda: world.mail.mails)

    async def deferred() -> bool:
        return (await reasons(world))["sms"] == "quiet-hours"

    await wait_until(deferred)
    assert world.sms.posts == []
    world.clock.set(SLOT + timedelta(hours=1))
    await wait_until(lambda: world.sms.posts)


async def test_equal_hours_mean_none_and_an_older_number_changes_nothing(world: World) -> None:
    never = Hours(begin=time(0), end=time(0))
    await world.tell(
        settings(2, quiet_sms=never), settings(1, quiet_sms=MORNING), make_unit(), make_reminder()
    )
    world.start(quiet_sms=None)
    await wait_until(lambda: world.sms.posts)


async def test_the_settings_of_another_office_change_nothing(world: World) -> None:
    await world.tell(settings(1, uuid4(), quiet_sms=MORNING), make_unit(), make_reminder())
    world.start()
    await wait_until(lambda: world.sms.posts)


async def test_a_short_message_has_the_offices_signature(world: World) -> None:
    await world.tell(
        settings(1, signature="县政府办"), make_unit(), make_reminder(channels=("sms",))
    )
    world.start()
    await wait_until(lambda: world.sms.posts)
    assert world.sms.posts[0][1]["data"]["text"].startswith("【县政府办】")


async def test_the_offices_limit_holds_a_second_message_back(world: World) -> None:
    later = SLOT + timedelta(minutes=1)
    await world.tell(
        settings(1, rate_limit=1, rate_hours=1),
        make_unit(),
        make_reminder(channels=("email",)),
        make_reminder(channels=("email",), slot=later, items=(make_item("3.1"),)),
    )
    world.clock.set(later)
    world.start()

    async def limited() -> bool:
        rows = await world.fetch_rows("SELECT state, reason FROM notifier.notifications")
        return {(row.state, row.reason) for row in rows} == {
            ("sent", ""),
            ("pending", "rate-limit"),
        }

    await wait_until(limited)
    assert len(world.mail.mails) == 1
    world.clock.set(later + timedelta(hours=1, minutes=1))
    await wait_until(lambda: len(world.mail.mails) == 2)
