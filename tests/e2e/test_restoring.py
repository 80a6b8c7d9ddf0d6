"""A database that is restored from a backup: nothing is sent twice, what is lost is listed."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lab.stack.stack import Stack
from lab.stack.testing import Engines
from shared.errors import CuibanError
from tests.e2e.conftest import World, open_world, run_command, start_stack

pytestmark = pytest.mark.e2e
SERVICES = ("ingest", "scheduler", "notifier")
NAME = "restored"


def stop(stack: Stack) -> None:
    for service in SERVICES:
        stack.stop(service)


def start(stack: Stack) -> None:
    for service in SERVICES:
        stack.start(service)


def count_messages(world: World, names: list[str]) -> Counter[tuple[str, str]]:
    """How often each message came, by unit and id."""
    return Counter(
        (name, message["id"])
        for channel in ("email", "sms")
        for name in names
        for message in world.list_messages(name, channel)
    )


async def read_check(stack: Stack) -> dict[str, Any]:
    """What `cuiban restore check` says once all services have read the log to its end."""
    async with asyncio.timeout(300):
        while True:
            said = await asyncio.to_thread(
                run_command, stack, "restore", "check", "--json", status=1
            )
            answer: dict[str, Any] = json.loads(said)
            if not answer["behind"]:
                return answer
            await asyncio.sleep(1)


async def test_after_a_restore_nothing_is_sent_twice_and_what_is_lost_is_listed(
    engines: Engines, tmp_path: Path
) -> None:
    with start_stack(engines, tmp_path, NAME) as (stack, record, clock):
        async with open_world(stack, record, clock) as world:
            done, late = names = world.enter_units(2)
            due = world.find_working_day(1)
            rows = world.assign(names, due)
            await world.wait_until_quiet()
        url = record.environment["CUIBAN_DATABASE_URL"]
        stop(stack)
        engines.create_database("backup", NAME)
        start(stack)
        async with open_world(stack, record, clock) as world:
            await world.step_to(due)
            (owed,) = (row for row in rows if row["unit"] == done)
            report = f"/v1/obligations/{owed['obligation_id']}/status"
            world.api.post(report, {"status": "done"})
            await world.wait_until_quiet()
            sent = count_messages(world, names)
            assert set(sent.values()) == {1}
            assert {name for name, _ in sent} == set(names)
        stop(stack)
        engines.drop_database(url)
        engines.create_database(NAME, "backup")
        start(stack)
        async with open_world(stack, record, clock) as world:
            answer = await read_check(stack)
            lost = [fact for fact in answer["facts"] if not fact["returns"]]
            assert [(fact["kind"], fact["subject"]) for fact in lost] == [
                ("StatusReported", owed["obligation_id"])
            ]
            assert answer["messages"]["sent"] == len(sent)
            with pytest.raises(CuibanError, match=r"restored|恢复"):
                world.api.post(report, {"status": "done"})
            assert count_messages(world, names) == sent
            run_command(stack, "restore", "accept", "--reason", "disk broke")
            run_command(stack, "restore", "check")
            world.api.post(report, {"status": "done"})
            await world.wait_until_quiet()
            assert count_messages(world, names) == sent
            await world.step_to(world.find_working_day(3))
            later = count_messages(world, names)
            assert {name for name, _ in later - sent} == {late}
            assert set(later.values()) == {1}
            run_command(stack, "audit", "verify")
