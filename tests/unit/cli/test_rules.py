"""`cuiban rules check`: texts with line and column, statuses, JSON."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.conftest import Run

SOUND = Path("examples/rules.yaml")


def test_a_sound_book_passes(cuiban: Callable[..., Run]) -> None:
    checked = cuiban("rules", "check", str(SOUND))
    assert checked.status == 0
    assert checked.out == "examples/rules.yaml: nothing is wrong; 2 rules.\n"


def test_what_is_wrong_is_named_with_line_and_column(
    cuiban: Callable[..., Run], tmp_path: Path
) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(SOUND.read_text("utf-8").replace("channels", "chanels", 1), encoding="utf-8")
    checked = cuiban("rules", "check", str(file))
    assert checked.status == 1
    assert f"{file}: line 18, column 5: There is no key chanels." in checked.out
    assert "    Did you mean channels?" in checked.out
    assert "没有 chanels 这一项。" in cuiban("--lang", "zh", "rules", "check", str(file)).out


def test_the_answer_as_json_has_every_problem(cuiban: Callable[..., Run], tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    file.write_text('{"rules": [], "zone": "x"}', encoding="utf-8")
    checked = cuiban("rules", "check", str(file), "--json")
    assert checked.status == 1
    answer = json.loads(checked.out)
    assert answer["passed"] is False
    assert answer["problems"] == [
        {
            "line": 1,
            "column": 15,
            "path": "zone",
            "code": "unknown-key",
            "message": "There is no key zone.",
            "hint": "Did you mean timezone?",
        }
    ]
    assert json.loads(cuiban("rules", "check", str(SOUND), "--json").out)["problems"] == []


def test_a_file_that_cannot_be_read_is_wrong_use(
    cuiban: Callable[..., Run], tmp_path: Path
) -> None:
    assert cuiban("rules", "check", str(tmp_path / "none.yaml")).status == 2
