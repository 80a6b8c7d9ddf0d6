"""What `cuiban audit expected` shows, and how it ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result
from rich.cells import cell_len
from typer.testing import CliRunner

from cli import expected
from cli.client import NotRunningError
from deploy.command import command_line
from shared.errors import CuibanError

DAYS = ["audit", "expected", "--from", "2023-06-01", "--to", "2023-06-30"]
WHOLE: dict[str, Any] = {
    "from": "2023-06-01",
    "to": "2023-06-30",
    "timezone": "Asia/Shanghai",
    "expected": 3,
    "emitted": 3,
    "missing": 0,
    "differing": 0,
    "differences": [],
    "explaining": 0,
    "explained": [],
    "not_checked": [],
}
LOST: dict[str, Any] = {
    "unit_id": "0" * 32,
    "unit": "县财政局",
    "audience": "liaison",
    "slot": "2023-06-19T01:00:00Z",
    "kind": "missing",
    "reason": "never-fired",
    "obligations": [str(number) for number in range(9)],
    "refs": [f"1.{number}" for number in range(8)] + [""],
}
Ask = Callable[..., Result]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command on a system that answers so, or fails so; 80 columns wide."""

    def run(answer: dict[str, Any] | Exception, *options: str) -> Result:
        def asked(*_: object) -> dict[str, Any]:
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(expected, "_asked", asked)
        monkeypatch.setattr(expected._out, "width", 80)
        return CliRunner().invoke(command_line("audit"), [*DAYS, *options])

    return run


def test_nothing_missing_ends_well(ask: Ask) -> None:
    shown = ask(WHOLE)
    assert shown.exit_code == 0
    assert "Nothing is missing" in shown.output


def test_a_missing_reminder_is_named_in_a_table_that_fits(ask: Ask) -> None:
    told = WHOLE | {"differences": [LOST], "differing": 60, "missing": 1}
    shown = ask(told)
    assert shown.exit_code == 1
    for part in ("06-19", "09:00", "县财政局", "联络员", "never-fired", "1.7", "10 more"):
        assert part in shown.output
    table = [line for line in shown.output.splitlines() if line.startswith(("│", "┏"))]
    assert max(map(cell_len, table)) <= 80


def test_what_was_not_checked_is_said(ask: Ask) -> None:
    shown = ask(WHOLE | {"not_checked": [{"reason": "no-history", "number": 7}]})
    assert shown.exit_code == 0
    assert "not checked: 7" in shown.output


def test_json_is_the_whole_answer(ask: Ask) -> None:
    told = WHOLE | {"differences": [LOST], "differing": 1, "missing": 1}
    shown = ask(told, "--json")
    assert shown.exit_code == 1
    assert json.loads(shown.stdout) == told


@pytest.mark.parametrize(("error", "status"), [(NotRunningError("x"), 3), (CuibanError("x"), 2)])
def test_the_status_tells_wrong_use_from_nothing_running(
    ask: Ask, error: Exception, status: int
) -> None:
    assert ask(error).exit_code == status
