"""Every command answers in JSON too, and ends with the statuses that are promised."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.text import Text

from cli import client
from deploy.command import build_command
from deploy.terminal.answers import format_instant, print_json
from deploy.terminal.errors import NotRunningError, WrongUseError, get_exit_status
from deploy.terminal.help import iterate_commands, wrap
from deploy.terminal.tables import show_table
from shared.errors import CuibanError, NotReadyError
from tests.unit.cli.directory import make_unit

_FILES = {"demo", "chaos", "bench"}
"""They run for minutes: their JSON is written into a file."""


def test_every_command_has_json() -> None:
    for command in iterate_commands(build_command()):
        if getattr(command, "commands", None) and command.name != "outbox":
            continue  # a group does nothing itself; `outbox` lists
        options = {name: each for each in command.params for name in each.opts}
        assert "--json" in options, command.name
        assert options["--json"].is_flag == (command.name not in _FILES), command.name


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CuibanError("x"), 1),
        (WrongUseError("x"), 2),
        (NotRunningError("x"), 3),
        (NotReadyError("x"), 3),
    ],
)
def test_an_error_stands_for_a_status(error: CuibanError, status: int) -> None:
    assert get_exit_status(error) == status


@pytest.mark.parametrize(
    "typed",
    [
        ("ledgr",),
        ("ledger", "--no-such-option"),
        ("units", "rename", "one"),
        ("units", "contact", "x", "--post", "nobody"),
        ("units", "contact", "x", "--post", "head", "--from", "soon"),
        ("plan", "settle", "4.3", "--reason", "x"),
        ("ledger", "--history"),
        ("topics", "--partitions", "many"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_do(cuiban, typed: tuple[str, ...]) -> None:
    shown = cuiban(*typed)
    assert shown.status == 2
    assert shown.err
    assert not shown.out
    as_json = cuiban(*typed, "--json")
    assert as_json.status == 2
    error = json.loads(as_json.err)
    assert error["status"] == 2
    assert error["error"]


def test_what_does_not_run_ends_with_3(cuiban, tmp_path) -> None:
    for command in (("ledger",), ("plan", "show"), ("ops", "streams"), ("status",)):
        shown = cuiban(*command, "--state", str(tmp_path / "none"))
        assert shown.status == 3, command
    shown = cuiban("ledger", "--json", "--state", str(tmp_path / "none"))
    assert json.loads(shown.err) == {
        "error": f"No stack runs in {tmp_path / 'none'}.",
        "hint": "Start one with `cuiban up`.",
        "status": 3,
    }


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the API refuse every request."""
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")

    def refuse_all(status: int, kind: str, **texts: object) -> None:
        problem = {"type": f"urn:cuiban:problem:{kind}", "title": "t", "status": status, **texts}
        answer = client.httpx.Response(status, json=problem)
        monkeypatch.setattr(client.httpx.Client, "request", lambda *_, **__: answer)

    return refuse_all


def test_what_the_api_refuses_ends_with_1_or_2(cuiban, refuse: Callable[..., None]) -> None:
    for status, kind, expected in (
        (409, "conflict", 1),
        (422, "document-no-table", 1),
        (422, "invalid", 2),
        (404, "not-found", 2),
        (401, "unauthorized", 2),
        (503, "unavailable", 3),
    ):
        refuse(status, kind, detail="why", hint="what to do")
        shown = cuiban("ledger")
        assert (shown.status, shown.err) == (expected, f"why (HTTP {status})\nwhat to do\n")


def test_a_refusal_is_told_in_the_language_of_the_command(
    cuiban, refuse: Callable[..., None]
) -> None:
    row = {"where": "县财政局", "message": "没有联系人。It has no contact."}
    refuse(409, "conflict", detail="已办结。It is done.", hint="请核对。Look.", errors=[row])
    expected = "It is done. (HTTP 409)\n县财政局: It has no contact.\nLook.\n"
    assert cuiban("ledger").err == expected
    expected = "已办结。 (HTTP 409)\n县财政局: 没有联系人。\n请核对。\n"
    assert cuiban("--lang", "zh", "ledger").err == expected
    refuse(507, "no-space", title="服务未能处理。The service failed.", detail="")
    assert cuiban("--lang", "zh", "ledger").err == "服务未能处理。 (HTTP 507)\n"


def test_json_has_chinese_as_it_is_and_dates_in_iso(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"单位": "县财政局"})
    assert "县财政局" in capsys.readouterr().out


def test_a_narrow_terminal_gets_long_fields_on_lines_of_their_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql://cuiban@127.0.0.1:23456/cuiban?a=" + "x" * 40
    rows = [("kafka", Text("ready", "green"), ""), ("数据库", Text("ready"), address)]
    monkeypatch.setenv("COLUMNS", "120")
    show_table(("part", "state", "address"), rows)
    assert f"数据库  ready  {address}" in capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "60")
    show_table(("part", "state", "address"), rows)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "part    state",
        "kafka   ready",
        "数据库  ready",
        f"    address {address}",
    ]


def test_chinese_is_wrapped_between_characters_and_not_before_its_punctuation() -> None:
    assert wrap("把数据库（CUIBAN_DATABASE_URL）升级。", 20) == [
        "把数据库",
        "（CUIBAN_DATABASE_URL）",
        "升级。",
    ]
    assert wrap("一二三四五。", 10) == ["一二三四", "五。"]
    assert wrap("one two three", 8) == ["one two", "three"]


def test_a_unit_that_was_sent_nothing_has_an_empty_history(
    cuiban, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = make_unit(1, "县财政局")
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")

    def list_items(_api: object, path: str, **_query: object) -> list[dict[str, Any]]:
        return [unit] if path == "/v1/units" else []

    monkeypatch.setattr(client.Api, "list_items", list_items)
    history = ("ledger", "县财政局", "--history")
    assert cuiban(*history).out == "Nothing sent yet.\n"
    assert cuiban("--lang", "zh", *history).out == "尚未发送。\n"
    assert cuiban(*history, "--json").out == "[]\n"


def test_a_machine_that_runs_in_utc_shows_chinas_time(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = datetime(2023, 6, 1, 1, tzinfo=UTC)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert format_instant(instant) == "2023-06-01 09:00+08:00"
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    assert format_instant(instant) == "2023-06-01 10:00+09:00"
    monkeypatch.undo()
    time.tzset()


def test_a_terminal_in_gbk_shows_lights_and_replaces_what_it_lacks() -> None:
    code = (
        "import sys; from deploy import command; print('√▲■'); "
        "command.run = lambda _: print('\U0002c1ad') or 0; command.main()"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "gbk"},
    )
    assert done.stderr == b""
    assert done.stdout.decode("gbk").split() == ["√▲■", "?"]
