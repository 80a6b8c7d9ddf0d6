"""What `cuiban audit expected` shows, and how it ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len

from cli import expected
from deploy.terminal.errors import NotRunningError, WrongUseError
from shared.api.audit import ExpectedOut
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
    "unit_id": "00000000-0000-0000-0000-000000000000",
    "unit": "县财政局",
    "audience": "liaison",
    "slot": "2023-06-19T01:00:00Z",
    "kind": "missing",
    "reason": "never-fired",
    "obligations": [f"00000000-0000-0000-0000-00000000000{number}" for number in range(9)],
    "refs": [f"1.{number}" for number in range(8)] + [""],
}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, cuiban) -> Callable[..., Any]:
    """The command on a system that answers so, or fails so."""

    def call(answer: dict[str, Any] | Exception, *options: str) -> Any:
        def fetch(*_: object) -> ExpectedOut:
            if isinstance(answer, Exception):
                raise answer
            return ExpectedOut.model_validate(answer)

        monkeypatch.setattr(expected, "fetch_comparison", fetch)
        return cuiban(*DAYS, *options)

    return call


def test_nothing_missing_ends_well(ask) -> None:
    shown = ask(WHOLE)
    assert shown.status == 0
    assert "Nothing is missing" in shown.out


def test_a_missing_reminder_is_named_in_a_table_that_fits(ask) -> None:
    shown = ask(WHOLE | {"differences": [LOST], "differing": 60, "missing": 1})
    assert shown.status == 1
    for part in ("06-19", "09:00", "县财政局", "liaison", "never-fired", "1.7", "10 more"):
        assert part in shown.out
    assert max(map(cell_len, shown.out.splitlines())) <= 100


def test_what_was_not_checked_is_said(ask) -> None:
    shown = ask(WHOLE | {"not_checked": [{"reason": "no-history", "number": 7}]})
    assert shown.status == 0
    assert "Not checked: 7" in shown.out


def test_json_is_the_whole_answer(ask) -> None:
    answer = WHOLE | {"differences": [LOST], "differing": 1, "missing": 1}
    shown = ask(answer, "--json")
    assert shown.status == 1
    assert json.loads(shown.out) == answer


@pytest.mark.parametrize(
    ("error", "status"), [(NotRunningError("x"), 3), (WrongUseError("x"), 2), (CuibanError("x"), 1)]
)
def test_the_status_tells_wrong_use_from_nothing_running(
    ask, error: Exception, status: int
) -> None:
    assert ask(error).status == status
