"""`cuiban audit expected` on the running system."""

import json
from datetime import datetime, time

import pytest
from sqlalchemy import text

from deploy.places import read_settings
from shared.database.engine import create_engine

pytestmark = pytest.mark.e2e
AFTER = time(9, 40)


async def test_a_suppressed_reminder_is_found_and_named_and_a_kept_one_is_not(
    world, cuiban
) -> None:
    kept, lost = world.enter_units(2)
    due = world.find_working_day(4)
    rows = {row["unit"]: row for row in world.assign([kept, lost], due)}
    await world.step_to(world.find_working_day(1), AFTER)  # three working days before
    first = last = world.today
    unit_id = world.units[lost]
    engine = create_engine(read_settings(world.record.environment), "e2e-expected")
    try:
        async with engine.begin() as db:
            taken = text("UPDATE scheduler.agenda SET next_fire_at = NULL WHERE unit_id = :unit")
            await db.execute(taken, {"unit": unit_id})
    finally:
        await engine.dispose()
    while world.today < due:
        await world.step_to(world.find_working_day(1), AFTER)
        last = world.today
    days = ("audit", "expected", "--from", str(first), "--to", str(last))
    found = json.loads(cuiban(*days, "--json", status=1))
    mine = [row for row in found["differences"] if row["unit"] in {kept, lost}]
    assert {row["unit"] for row in mine} == {lost}
    assert [datetime.fromisoformat(row["slot"]).day for row in mine] == [
        world.find_working_day(-1).day,
        due.day,
    ]
    for row in mine:
        assert (row["audience"], row["kind"], row["reason"]) == (
            "liaison",
            "missing",
            "never-fired",
        )
        assert row["obligations"] == [rows[lost]["obligation_id"]]
    shown = cuiban(*days, status=1)
    assert lost in shown
    assert "never-fired" in shown
    assert "Traceback" not in shown


def test_days_and_offices_are_checked(cuiban) -> None:
    days = ("audit", "expected", "--from", "2023-03-02", "--to")
    assert "earlier day" in cuiban(*days, "2023-03-01", status=2)
    assert "CUIBAN_TOKEN" in cuiban(*days, "2023-03-02", "--office", "elsewhere", status=2)
