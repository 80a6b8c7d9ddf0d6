"""An office at work with the command, on the running system: what it types, what it reads."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.places import read_settings
from shared.database.engine import create_engine

pytestmark = pytest.mark.e2e


@pytest.fixture
def table(world, tmp_path: Path) -> Path:
    """A plan with a settled point, a doubtful one, an unknown unit and a date already past."""
    (name,) = world.enter_units(1)
    due, past = world.find_working_day(5), world.find_working_day(-20)
    rows = [
        f"{due.year}年命令行试用任务分解表",
        "",
        "序号\t任务名称\t具体内容\t责任单位\t完成时限",
        f"1\t目录\t公布{name}目录。\t{name}\t{due:%Y年%m月%d日}",
        f"2\t清理\t定期清理失效内容。\t{name}\t{due:%Y年%m月%d日}",
        f"3\t旧事\t补报去年情况。\t{name}\t{past:%Y年%m月%d日}",
        f"4\t外单位\t配合公开。\t{name}、远方局\t{due:%Y年%m月%d日}",
    ]
    path = tmp_path / f"{name}.txt"
    path.write_text("\n".join(rows))
    return path


def test_status_says_what_runs_and_where(world, cuiban) -> None:
    known = json.loads(cuiban("status", "--json"))
    services = {f"{name}-1" for name in ("ingest", "scheduler", "notifier")}
    assert {part["name"] for part in known["parts"]} >= {"supervisor", "sinks"} | services
    assert {part["state"] for part in known["parts"]} == {"ready"}
    assert all(Path(part["log"]).exists() for part in known["parts"])
    assert known["addresses"].keys() == {
        *("api", "console", "inbox", "kafka", "database", "smtp", "sms", "simulator"),
    }
    assert known["addresses"]["api"] == world.record.api
    assert Path(known["token_file"]).read_text().strip()

    shown = cuiban("status").splitlines()
    for part in known["parts"]:
        (line,) = [line for line in shown if line.startswith(part["name"] + " ")]
        assert line.endswith(part["address"])


async def test_from_a_file_to_the_ledger_by_hand(world, cuiban, table: Path) -> None:
    name = table.stem
    assert "定期清理失效内容" in cuiban("import", str(table), "--dry-run")
    assert "4 measures" in cuiban("import", str(table))
    shown = cuiban("plan", "show")
    assert "period-open" in shown
    assert "远方局" in shown
    assert "Held until settled: 2.1" in cuiban("plan", "publish", "--yes")
    assert "settled (changed)" in cuiban(
        "plan", "settle", "2.1", "--due", f"{world.find_working_day(4)}", "--reason", "年度清理"
    )
    assert "decided" in cuiban("plan", "name", "远方局", "--ignore", "--reason", "不在本县")
    assert "Nothing is left to settle" in cuiban("plan", "show")
    again = cuiban("plan", "publish", "--yes")
    assert "Published: 1 obligations of 1 units" in again
    assert f"Already past, not published: due {world.find_working_day(-20)}: 3.1" in again
    await world.wait_until_quiet()
    owed = json.loads(cuiban("ledger", name, "--json"))
    assert sorted(row["ref"] for row in owed) == ["1.1", "2.1", "4.1"]
    assert name in cuiban("ledger")
    await world.step_to(world.find_working_day(2))
    history = cuiban("ledger", name, "--history")
    assert "email" in history
    assert "sent" in history
    assert "holds for every unit and day" in cuiban("audit", "conservation")


def test_what_cannot_be_done_is_said_in_one_line_with_what_to_do(
    cuiban, table: Path, tmp_path: Path
) -> None:
    cuiban("import", str(table))
    nothing = tmp_path / "nothing.txt"
    nothing.write_text("无表")
    for arguments, expected, status in (
        (("ledger", "不存在局"), "cuiban units list", 2),
        (("ledger", "--history"), "needs a unit", 2),
        (("import", str(tmp_path / "no.txt")), "can't be read", 2),
        (("import", str(nothing)), "No task table", 1),
        (("plan", "settle", "1.1", "--reason", "x"), "--accept", 2),
        (("plan", "settle", "99.9", "--accept", "--reason", "x"), "99.9", 2),
        (("plan", "show", "not-an-id"), "No plan is called not-an-id", 2),
    ):
        assert expected in cuiban(*arguments, status=status)


async def test_a_row_deleted_by_hand_is_named_by_the_audit_and_shown_by_the_metric(
    world, cuiban
) -> None:
    """Break it on purpose, see it reported, mend it again."""
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    world.assign([name], due)
    await world.step_to(due)
    await until_gaps(world, 0)
    async with changing(world) as db:
        await db.execute(
            text(
                "CREATE TABLE scheduler.kept AS SELECT * FROM scheduler.notifications "
                "ORDER BY slot DESC LIMIT 1"
            )
        )
        (gone,) = await db.execute(
            text(
                "DELETE FROM scheduler.notifications WHERE notification_id IN "
                "(SELECT notification_id FROM scheduler.kept) RETURNING reminder_id"
            )
        )
    try:
        told = await asyncio.to_thread(
            cuiban, "audit", "conservation", "--json", "--grace", "0", status=1
        )
        (gap,) = json.loads(told)["gaps"]
        assert gap["reminder_id"] == str(gone.reminder_id)
        assert (gap["due"], gap["found"]) == (2, 1)
        await until_gaps(world, 1)
    finally:
        async with changing(world) as db:
            await db.execute(
                text("INSERT INTO scheduler.notifications SELECT * FROM scheduler.kept")
            )
            await db.execute(text("DROP TABLE scheduler.kept"))
    assert "holds for every" in await asyncio.to_thread(cuiban, "audit", "conservation")
    await until_gaps(world, 0)


async def test_a_notification_that_the_notifier_lost_is_named_while_it_is_pending(
    world, cuiban
) -> None:
    """A short message waits for the end of the quiet hours. Lose it, see it named, put it back."""
    (name,) = world.enter_units(1)
    eve, due = world.find_working_day(1), world.find_working_day(2)
    world.assign([name], due)
    await world.step_to(eve, time(22))
    unit = {"unit": world.units[name]}
    async with changing(world) as db:
        kept = "CREATE TABLE notifier.kept AS SELECT * FROM notifier.notifications"
        await db.execute(text(f"{kept} WHERE state = 'pending' AND unit_id = '{unit['unit']}'"))
        lost = "DELETE FROM notifier.notifications WHERE state = 'pending' AND unit_id = :unit"
        (gone,) = await db.execute(text(f"{lost} RETURNING notification_id"), unit)
    try:
        told = await asyncio.to_thread(cuiban, "audit", "conservation", "--json", status=1)
        (gap,) = json.loads(told)["gaps"]
        assert gap["kind"] == "notification-gone"
        assert gap["notification_id"] == str(gone.notification_id)
    finally:
        async with changing(world) as db:
            await db.execute(text("INSERT INTO notifier.notifications SELECT * FROM notifier.kept"))
            await db.execute(text("DROP TABLE notifier.kept"))
    await world.step_to(due)
    assert len(world.list_messages(name, "sms")) == 2  # that one, and the one of the day
    assert "holds for every" in await asyncio.to_thread(cuiban, "audit", "conservation")


@asynccontextmanager
async def changing(world) -> AsyncIterator[AsyncConnection]:
    """A transaction in the running system's database."""
    engine = create_engine(read_settings(world.record.environment), "e2e")
    try:
        async with engine.begin() as db:
            yield db
    finally:
        await engine.dispose()


async def until_gaps(world, wanted: int) -> None:
    """Wait for the running scheduler's audit to show so many gaps."""
    metrics = world.record.find_part("scheduler").address
    async with asyncio.timeout(120):
        while True:
            shown = (await asyncio.to_thread(httpx.get, metrics, trust_env=False)).text
            if f"\ncuiban_conservation_gaps {float(wanted)}\n" in shown:
                return
            await asyncio.sleep(0.2)
