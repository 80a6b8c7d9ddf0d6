"""The directory by hand: previewed, imported, a person who leaves, a unit renamed and retired."""

import asyncio
import json
from pathlib import Path

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from deploy.places import read_settings
from shared.database.engine import create_engine

pytestmark = pytest.mark.e2e
COLUMNS = ("单位名称", "分组", "联络员", "联络员手机", "联络员邮箱")


def sheet(path: Path, *rows: tuple[object, ...]) -> str:
    book = openpyxl.Workbook()
    table = book.active
    table.append(("政务公开联络员名册",))
    table.merge_cells("A1:E1")
    table.append(COLUMNS)
    for row in rows:
        table.append(row)
    book.save(path)
    return str(path)


def code_of(name: str) -> str:
    return name.removeprefix("测试第").removesuffix("局")


async def test_a_workbook_is_previewed_and_then_entered(world, cuiban, tmp_path: Path) -> None:
    (name,) = world.enter_units(1)
    mail = f"liaison@u{code_of(name)}.e2e.example"
    file = sheet(tmp_path / "册.xlsx", (name, "试点单位", "张三", 13900009999.0, mail))
    before = cuiban("units", "list", "--json")
    preview = cuiban("units", "import", file, "--preview")
    assert f"~ {name}" in preview
    assert "groups: (nothing) → 试点单位" in preview
    assert "liaison_mobile: 1390" in preview
    assert "→ 13900009999" in preview
    assert "0 units would be entered, 1 changed, 0 unchanged" in preview
    assert cuiban("units", "list", "--json") == before
    entered = cuiban("units", "import", file)
    assert "→ 13900009999" in entered
    assert "0 units entered, 1 changed, 0 unchanged" in entered
    again = json.loads(cuiban("units", "import", file, "--preview", "--json"))
    assert (again["changed"], again["unchanged"]) == (0, 1)
    listed = {unit["name"]: unit for unit in json.loads(cuiban("units", "list", "--json"))}
    assert listed[name]["groups"] == ["试点单位"]


async def test_what_a_person_who_leaves_was_to_hear_goes_to_who_follows(world, cuiban) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    world.assign([name], due)
    before = refused(world)
    world.set_faults(email="refuse", sms="refuse")
    try:
        world.set_clock(due)
        await until(lambda: refused(world) > before)
        new = f"new@u{code_of(name)}.e2e.example"
        printed = cuiban(
            *("units", "contact", name, "--post", "liaison"),
            *("--name", "李四", "--email", new, "--mobile", f"1395{int(code_of(name)):07d}"),
        )
        assert f"李四 {new}" in printed
        await until(lambda: knows(world, new))
    finally:
        world.set_faults(email="ok", sms="ok")
    await world.wait_until_quiet()
    assert [message["to"] for message in world.list_messages(name)] == [new]
    assert [message["to"] for message in world.list_messages(name, "sms")] == [
        f"1395{int(code_of(name)):07d}"
    ]
    history = cuiban("ledger", name, "--history")
    assert new in history
    assert "holds for every unit and day" in cuiban("audit", "conservation")


def refused(world) -> int:
    counts = httpx.get(f"{world.sinks}/counts", timeout=120, trust_env=False).json()
    return min(counts["offered"][one] - counts["received"][one] for one in ("email", "sms"))


def knows(world, address: str) -> bool:
    """Whether the notifier has heard of an address."""

    async def asked() -> bool:
        engine = create_engine(read_settings(world.record.environment), "e2e")
        try:
            async with engine.connect() as db:
                found = await db.execute(
                    text("SELECT 1 FROM notifier.contacts WHERE email = :address"),
                    {"address": address},
                )
                return found.first() is not None
        finally:
            await engine.dispose()

    return asyncio.run(asked())


async def until(holds, within: float = 120) -> None:
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - seen from outside only
            await asyncio.sleep(0.1)


async def test_a_renamed_unit_is_found_under_both_names_and_a_retired_one_owes_nothing_new(
    world, cuiban
) -> None:
    (name,) = world.enter_units(1)
    world.assign([name], world.find_working_day(20))
    assert f"{name}改, also called {name}" in cuiban("units", "rename", name, f"{name}改")
    assert "目录公开" in cuiban("ledger", name)
    assert "目录公开" in cuiban("ledger", f"{name}改")
    retired = cuiban("units", "retire", name, "--reason", "机构改革并入他局")
    assert "1 obligations stay open" in retired
    assert "(retired)" in cuiban("units", "list")
    assert "retired already" in cuiban("units", "retire", name, "--reason", "x", status=1)
    assert "again" in cuiban("units", "retire", name, "--undo", "--reason", "误报")


def test_what_cannot_be_done_is_said_with_what_to_do(world, cuiban, tmp_path: Path) -> None:
    (name,) = world.enter_units(1)
    for arguments, expected, status in (
        (("units", "rename", "不存在局", "x"), "cuiban units list", 2),
        (("units", "retire", name[:-1], "--reason", "x"), f"Similar: {name}", 2),
        (("units", "contact", name, "--post", "liaison", "--mobile", "123"), "no mobile number", 2),
        (("units", "contact", name, "--post", "liaison"), "Give an e-mail address or a mobile", 2),
        (
            ("units", "import", sheet(tmp_path / "x.xlsx", (name, "", "", "0816-1", ""))),
            "0816-1 is no mobile number",
            2,
        ),
        (
            ("units", "import", sheet(tmp_path / "y.xlsx", (name, "", "", "", "[/b]"))),
            "[/b] is no e-mail address",
            2,
        ),
    ):
        assert expected in cuiban(*arguments, status=status)
