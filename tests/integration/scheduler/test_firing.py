"""From told to fired, on the real database."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from shared.calendar import WorkingCalendar
from shared.planning.forecasting import forecast, list_assigned
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.schemas.events import (
    ObligationsAmended,
)
from shared.schemas.office_events import CalendarPublished, RuleBookPublished
from shared.schemas.rules import ObligationKind
from shared.schemas.topics import RULES, TASKS
from tests.integration.scheduler.world import (
    OFFICE,
    START,
    UNIT,
    World,
    get_unit_id,
    make_assignment,
    make_obligation,
    to_instant,
)

pytestmark = pytest.mark.integration


async def test_all_items_of_a_unit_that_are_due_in_one_slot_are_one_reminder(world: World) -> None:
    late, early = (
        make_obligation(UNIT, "10.1", "2023-08-31"),
        make_obligation(UNIT, "2.1", "2023-08-31"),
    )
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(make_assignment(UNIT, ("10.1", late), ("2.1", early)))
    assert await world.fire("2023-08-30 08:59") == []
    (reminder,) = await world.fire("2023-08-30 09:00")
    assert [item.ref for item in reminder.items] == ["2.1", "10.1"]
    assert reminder.items[0].text == "内容2.1"
    assert reminder.slot == to_instant("2023-08-30 09:00")
    assert await world.fire("2023-08-30 09:00") == []
    rows = await world.fetch_rows(
        "SELECT day, items, fanned_out FROM scheduler.reminders ORDER BY day"
    )
    assert tuple(rows[-1]) == (date(2023, 8, 30), 2, None)


async def test_what_fires_in_a_year_is_what_the_oracle_says(world: World) -> None:
    events = [
        make_assignment(
            get_unit_id(name),
            ("1.1", make_obligation(get_unit_id(name), "1.1", "2023-08-31")),
            ("2.1", make_obligation(get_unit_id(name), "2.1", "2023-12-31")),
            ("3.1", make_obligation(get_unit_id(name), "3.1", "2023-03-31")),
            (
                "16.2",
                make_obligation(
                    get_unit_id(name), "16.2", "2023-12-31", kind=ObligationKind.HEARING
                ),
            ),
        )
        for name in ("甲局", "乙局")
    ]
    await world.tell(*events)
    until = datetime(2024, 1, 31, tzinfo=UTC)
    fired = await world.fire_until(until)
    expected = forecast(
        make_default_rule_book(),
        WorkingCalendar(),
        [one for event in events for one in list_assigned(event)],
        planned_at=START,
        until=until,
    )
    assert len(expected) > 100
    assert sorted(fired, key=lambda r: (r.slot, str(r.unit_id))) == expected


async def test_obligations_wait_for_the_first_rule_book(bare: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await bare.tell(make_assignment(UNIT, ("1.1", facts)))
    assert await bare.get_timers() == {}
    assert [
        tuple(r) for r in await bare.fetch_rows("SELECT next_fire_at FROM scheduler.agenda")
    ] == [(None,)]
    await bare.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()))
    await bare.replan()
    assert await bare.get_timers() == {facts.obligation_id: to_instant("2023-07-20 09:00")}


async def test_a_date_already_past_starts_no_burst(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2022-12-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    assert await world.fire(START) == []
    (first,) = await world.fire_until(to_instant("2023-06-06 09:00"))
    assert first.slot == to_instant("2023-06-06 09:00")
    assert first.items[0].overdue == 1


async def test_a_new_rule_book_is_obeyed_before_anything_fires_again(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    book = make_default_rule_book(2)
    later = tuple(rule.model_copy(update={"at": rule.at.replace(hour=10)}) for rule in book.rules)
    await world.fire("2023-08-30 09:00")
    world.clock.instant = to_instant("2023-08-31 08:00")
    await world.apply_rules(
        RuleBookPublished(office_id=OFFICE, book=book.model_copy(update={"rules": later}))
    )
    assert await world.fire("2023-08-31 09:30") == []
    await world.replan()
    assert await world.fire("2023-08-31 09:31") == []
    (reminder,) = await world.fire("2023-08-31 10:00")
    assert reminder.rule_version == 2
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book()))
    assert (await world.fetch_rows("SELECT rule_version FROM scheduler.offices"))[0][0] == 2


async def test_a_slot_that_was_due_survives_a_change_of_rules(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    await world.fire("2023-08-29 10:00")
    world.clock.instant = to_instant("2023-08-30 09:05")
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book(2)))
    await world.replan()
    (reminder,) = await world.fire("2023-08-30 09:06")
    assert reminder.slot == to_instant("2023-08-30 09:00")


async def test_a_slot_that_fired_is_never_planned_again_for_an_obligation(world: World) -> None:
    """Not even when the clock is set back and the rules change. Another obligation has its own."""
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    (reminder,) = await world.fire("2023-08-30 09:00")
    world.clock.instant = to_instant("2023-08-29 09:00")
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=make_default_rule_book(2)))
    await world.replan()
    assert await world.fire("2023-08-30 09:00") == []
    other = make_obligation(UNIT, "2.1", "2023-08-31")
    world.clock.instant = to_instant("2023-08-29 09:00")
    await world.tell(make_assignment(UNIT, ("2.1", other)))
    (added,) = await world.fire("2023-08-30 09:00")
    assert [item.ref for item in added.items] == ["2.1"]
    assert added.reminder_id != reminder.reminder_id


async def test_an_office_calendar_moves_what_is_planned(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    world.clock.instant = to_instant("2023-08-30 10:00")
    await world.fire(world.clock.instant)
    holiday = CalendarPublished(office_id=OFFICE, number=1, days={date(2023, 8, 31): False})
    await world.apply_rules(holiday)
    await world.replan()
    assert await world.get_timers() == {facts.obligation_id: to_instant("2023-09-05 09:00")}


async def test_an_outage_is_caught_up_with_by_the_newest_slot_alone(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    await world.tell(make_assignment(UNIT, ("1.1", facts)))
    (reminder,) = await world.fire("2023-08-30 17:00")
    assert reminder.slot == to_instant("2023-08-30 09:00")


async def test_a_fact_read_late_is_planned_from_when_it_was_told(world: World) -> None:
    facts = make_obligation(UNIT, "1.1", "2023-08-31")
    world.clock.instant = to_instant("2023-08-30 09:05")
    await world.tell(make_assignment(UNIT, ("1.1", facts)), time=to_instant("2023-08-30 08:55"))
    (reminder,) = await world.fire("2023-08-30 09:06")
    assert reminder.slot == to_instant("2023-08-30 09:00")


async def test_several_processes_fire_each_unit_once(world: World) -> None:
    units = [get_unit_id(f"单位{n}") for n in range(60)]
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(
        *(make_assignment(u, ("1.1", make_obligation(u, "1.1", "2023-08-31"))) for u in units)
    )
    world.clock.instant = to_instant("2023-08-30 09:00")
    for topic in (TASKS, RULES):
        await world.complete(topic, 0, world.clock.instant)
    few = world.settings.model_copy(update={"tick_batch": 7})
    others = [replace(world.ticking, settings=few) for _ in range(3)]

    async def drain(ticking):
        while await ticking.fire():
            pass
        await ticking.close()

    await asyncio.gather(*(drain(ticking) for ticking in others))
    fired = await world.take_outbox()
    assert len(fired) == 60
    assert {e.event.unit_id for e in fired} == set(units)


async def test_a_unit_that_fails_does_not_hold_up_the_others(world: World) -> None:
    good, bad = get_unit_id("甲局"), get_unit_id("乙局")
    await world.tell(
        make_assignment(good, ("1.1", make_obligation(good, "1.1", "2023-08-31"))),
        make_assignment(bad, ("2.1", make_obligation(bad, "2.1", "2023-08-31"))),
    )
    await world.fetch_rows(
        "DELETE FROM scheduler.measures WHERE measure_id = :m",
        m=make_obligation(bad, "2.1", None).measure_id,
    )
    (reminder,) = await world.fire("2023-08-30 09:00")
    assert reminder.unit_id == good
    rows = await world.fetch_rows(
        "SELECT next_fire_at FROM scheduler.agenda WHERE unit_id = :u", u=bad
    )
    assert rows[0].next_fire_at == to_instant("2023-08-30 09:00") + timedelta(minutes=10)


async def test_a_tick_that_lost_its_connection_takes_another(world: World) -> None:
    world.clock.instant = to_instant("2023-08-29 10:00")
    await world.tell(make_assignment(UNIT, ("1.1", make_obligation(UNIT, "1.1", "2023-08-31"))))
    assert await world.ticking.fire() == 0
    await world.fetch_rows(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "  # returns once they ended
        "WHERE datname = current_database() AND query LIKE '%RECURSIVE heads%' "
        "AND pid <> pg_backend_pid()"
    )
    with pytest.raises(DBAPIError):
        await world.ticking.fire()
    (reminder,) = await world.fire("2023-08-30 09:00")
    assert reminder.unit_id == UNIT


async def test_who_leads_is_asked_when_the_slot_fires(world: World) -> None:
    """A change of the lead needs no new timers: the next slot is by what then holds."""
    written = {
        "rule_id": "lead",
        "select": {"lead": True, "task": ["1", "2"]},
        "when": [{"type": "days-before", "days": [3, 1], "convention": "as-is"}],
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    book = RuleBook.model_validate({"version": 2, "rules": [written]})
    await world.apply_rules(RuleBookPublished(office_id=OFFICE, book=book))
    first, second, third = (
        (ref, make_obligation(UNIT, ref, "2023-08-31", lead=ref != "2.1"))
        for ref in ("1.1", "2.1", "3.1")
    )
    await world.tell(make_assignment(UNIT, first, second, third))
    (reminder,) = await world.fire("2023-08-28 09:00")
    assert [item.ref for item in reminder.items] == ["1.1"]
    swapped = [
        (ref, facts.model_copy(update={"lead": not facts.lead, "number": 2}))
        for ref, facts in (first, second)
    ]
    await world.tell(ObligationsAmended(**make_assignment(UNIT, *swapped).model_dump()))
    (reminder,) = await world.fire("2023-08-30 09:00")
    assert [item.ref for item in reminder.items] == ["2.1"]
    assert await world.fetch_rows("SELECT 1 FROM scheduler.timers") == []
