"""A clock that is ahead: nothing fires by it, and what fired by it can be taken back."""

import asyncio
import contextlib
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from deploy.command import run
from shared.calendar import WorkingCalendar
from shared.clock import SteppedClock
from shared.database.engine import is_infrastructure
from shared.errors import ClockWrongError
from shared.planning.forecasting import forecast, list_assigned
from shared.rules.defaults import make_default_rule_book
from shared.schemas.events import ReminderDue
from shared.schemas.office_events import RuleBookPublished
from tests.integration.scheduler.world import (
    OFFICE,
    START,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration
UNITS = [get_unit_id(name) for name in ("甲局", "乙局", "丙局")]
EVENTS = [make_assignment(one, ("1.1", make_obligation(one, "1.1", "2023-08-31"))) for one in UNITS]
DECEMBER, YEARS_END = to_instant("2023-12-29 09:30"), to_instant("2023-12-31 00:00")


@pytest.fixture
def typed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[tuple[int, str]]]:
    """`await typed("rewind", …)`: the operator's command, at the instant of the world's clock."""
    monkeypatch.setenv("CUIBAN_DATABASE_URL", world.settings.database_url.get_secret_value())
    monkeypatch.setenv("CUIBAN_CLOCK_FILE", str(tmp_path / "clock"))

    async def type_(*words: str) -> tuple[int, str]:
        SteppedClock(tmp_path / "clock").set(world.clock.instant)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = await asyncio.to_thread(run, ["--lang", "en", "ops", *words])
        return status, " ".join(printed.getvalue().split())

    return type_


async def fired_ahead(world: World) -> list[ReminderDue]:
    """Units told in June, then one tick in December; June again."""
    await world.tell(*EVENTS)
    early = await world.fire(DECEMBER)
    world.clock.instant = START + timedelta(hours=1)
    return early


def contents(reminders: list[ReminderDue]) -> list[tuple[object, ...]]:
    return sorted((r.slot, str(r.unit_id), r.audience, r.items) for r in reminders)


async def test_nothing_fires_while_the_machines_clock_and_the_databases_differ(
    world: World,
) -> None:
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(*EVENTS)
    world.clock.ahead = timedelta(days=30)
    assert await world.fire("2023-08-30 09:00") == []
    assert REGISTRY.get_sample_value("cuiban_clock_skew_seconds") == 30 * 86400
    assert "30 days" in await world.ticking.explain_distrust()
    world.clock.ahead = timedelta(seconds=-2)
    assert len(await world.fire_due()) == 3
    assert await world.ticking.explain_distrust() == ""


@pytest.mark.parametrize("wrong", [timedelta(days=95), timedelta(days=-62)])
async def test_a_fact_waits_until_the_clock_that_reads_it_is_right(
    world: World, wrong: timedelta
) -> None:
    """Planned by a clock that is ahead, an obligation was never reminded of before that time."""
    right = to_instant("2023-08-29 10:00")
    world.clock.instant, world.clock.ahead = right + wrong, wrong
    with pytest.raises(ClockWrongError, match="ahead of the database's") as raised:
        await world.tell(*EVENTS, time=right)
    assert is_infrastructure(raised.value)  # a consumer waits it out
    world.clock.instant, world.clock.ahead = right, timedelta(0)
    await world.tell(*EVENTS, time=right)
    assert len(await world.fire("2023-08-30 09:00")) == 3


async def test_units_are_not_planned_anew_by_a_clock_that_is_wrong(world: World) -> None:
    right = to_instant("2023-08-29 10:00")
    world.clock.instant = right
    await world.tell(*EVENTS)
    book = make_default_rule_book().model_copy(update={"version": 2})
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=book))
    world.clock.instant, world.clock.ahead = right + timedelta(days=95), timedelta(days=95)
    with pytest.raises(ClockWrongError):
        await world.replan()
    world.clock.instant, world.clock.ahead = right, timedelta(0)
    await world.replan()
    assert len(await world.fire("2023-08-30 09:00")) == 3


async def test_what_fired_ahead_is_taken_back_and_every_slot_fires_at_its_time(
    world: World, typed
) -> None:
    early = await fired_ahead(world)
    assert {one.unit_id for one in early} == set(UNITS)
    expected = forecast(
        make_default_rule_book(),
        WorkingCalendar(),
        [one for event in EVENTS for one in list_assigned(event)],
        planned_at=world.clock.instant,
        until=YEARS_END,
    )
    status, said = await typed("rewind", "--reason", "the clock was wrong")
    assert status == 0, said
    assert "3 units" in said
    await world.replan()
    fired = await world.fire_until(YEARS_END)
    assert contents(fired) == contents(expected)
    assert {one.reminder_id for one in fired}.isdisjoint(one.reminder_id for one in early)
    assert {one.part for one in fired if one.slot == early[0].slot} == {1}


async def test_a_preview_names_units_and_slots_and_changes_nothing(world: World, typed) -> None:
    early = await fired_ahead(world)
    status, said = await typed("rewind", "--reason", "a look", "--dry-run")
    assert status == 0, said
    assert early[0].slot.isoformat() in said
    assert all(str(one) in said for one in UNITS)
    await world.replan()
    assert await world.fire_until(to_instant("2023-12-01 00:00")) == []


async def test_only_the_named_unit_is_taken_back(world: World, typed) -> None:
    await fired_ahead(world)
    status, said = await typed("rewind", "--reason", "one", "--unit", str(UNITS[0]))
    assert status == 0, said
    await world.replan()
    fired = await world.fire_until(to_instant("2023-10-01 00:00"))
    assert {one.unit_id for one in fired} == {UNITS[0]}


async def test_a_fact_told_by_the_wrong_clock_is_planned_from_the_right_one(
    world: World, typed
) -> None:
    world.clock.instant = DECEMBER
    await world.tell(EVENTS[0])
    world.clock.instant = START
    assert await world.fire_until(to_instant("2023-10-01 00:00")) == []
    assert (await typed("rewind", "--reason", "told ahead"))[0] == 0
    await world.replan()
    assert await world.fire_until(to_instant("2023-10-01 00:00"))


async def test_what_is_no_id_and_what_is_not_ahead_is_said(world: World, typed) -> None:
    await world.tell(*EVENTS)
    status, said = await typed("rewind", "--reason", "x", "--unit", "甲局")
    assert (status, "甲局 is no id" in said) == (2, True)
    status, said = await typed("rewind", "--reason", "x")
    assert (status, "Nothing was fired ahead" in said) == (0, True)
