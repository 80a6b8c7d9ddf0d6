"""`cuiban users`: what an administrator types."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.ingest.commands import Command, serve_command
from tests.integration.ingest.people import OTHER, PASSWORD, sign_in, try_sign_in

pytestmark = pytest.mark.integration


@pytest.fixture
async def cuiban(api: Any, monkeypatch: Any, capsys: Any) -> AsyncIterator[Command]:
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


async def test_accounts_are_made_listed_disabled_enabled_and_reset(
    api: Any, cuiban: Command
) -> None:
    typed = ("users", "add", "张三", "--role", "editor", "--password-stdin", "--json")
    made = await cuiban(*typed, stdin=f"{PASSWORD}\n")
    assert (made.status, made.json["role"]) == (0, "editor")
    assert PASSWORD not in made.out
    await sign_in(api, "张三")
    listed = await cuiban("users", "list", "--json")
    assert [(row["name"], row["unit"]) for row in listed.json] == [("张三", None)]
    assert "张三" in (await cuiban("users", "list")).out
    assert (await cuiban("users", "disable", "张三")).status == 0
    assert (await try_sign_in(api, "张三")).status_code == 401
    assert (await cuiban("users", "enable", "张三")).status == 0
    reset = await cuiban("users", "reset", "张三", "--password-stdin", stdin=OTHER)
    assert reset.status == 0, reset.err
    await sign_in(api, "张三", OTHER)
    role = await cuiban("users", "role", "张三", "viewer", "--json")
    assert role.json["role"] == "viewer"


async def test_without_a_password_a_random_one_is_shown_once(api: Any, cuiban: Command) -> None:
    made = await cuiban("users", "add", "张三", "--role", "admin", "--json")
    await sign_in(api, "张三", made.json["password"])
    shown = await cuiban("users", "reset", "张三")
    password = re.search(r"shown only now: (\S+)", shown.out)
    assert password
    await sign_in(api, "张三", password[1])


async def test_an_account_may_be_made_without_a_password(api: Any, cuiban: Command) -> None:
    made = await cuiban("users", "add", "张三", "--role", "viewer", "--no-password", "--json")
    assert made.status == 0, made.err
    assert "password" not in made.json
    assert (await try_sign_in(api, "张三")).status_code == 401


async def test_a_units_account_is_made_by_its_unit(api: Any, cuiban: Command) -> None:
    await api.import_units()
    made = await cuiban("users", "add", "财政联络员", "--unit", "县财政局", "--json")
    assert made.json["role"] == "unit"
    listed = (await cuiban("users", "list", "--json")).json
    assert [row["unit"] for row in listed] == ["县财政局"]


@pytest.mark.parametrize(
    "typed",
    [
        ("users", "add", "张三"),
        ("users", "add", "张三", "--role", "chief"),
        ("users", "add", "张三", "--role", "viewer", "--unit", "县财政局"),
        ("users", "add", "张三", "--role", "viewer", "--password-stdin"),
        ("users", "disable", "nobody"),
    ],
)
async def test_wrong_use_ends_with_2_and_says_what_to_do(
    cuiban: Command, typed: tuple[str, ...]
) -> None:
    ended = await cuiban(*typed)
    assert ended.status == 2
    assert ended.err


async def test_a_weak_password_is_wrong_use(cuiban: Command) -> None:
    typed = ("users", "add", "张三", "--role", "viewer", "--password-stdin")
    ended = await cuiban(*typed, stdin="12345678\n")
    assert ended.status == 2
    assert "easy to guess" in ended.err
