"""The check of messages finds texts that an office could not read."""

from pathlib import Path

import pytest

from tools.messages import list_wrong_texts


def check(directory: Path, line: str) -> list[str]:
    path = directory / "refusing.py"
    path.write_text(line + "\n")
    return list(list_wrong_texts(path))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('raise RefusedError(Fault.CONFLICT, "There is none.")', "say it in Chinese first"),
        ('raise RefusedError(Fault.CONFLICT, "没有。")', "say it in English too"),
        ('raise ProblemError(404, "not-found", "None. 没有。")', "say it in Chinese first"),
        ('make_problem(404, "not-found", "没有。None.", hint="Look.  It up.")', "Chinese first"),
        ('hint = f"Look for {name}."', "say it in Chinese first"),
        ('faults = {"where": place, "message": "too long" if long else "过长。Long."}', "Chinese"),
        ('make_problem(404, "none", detail, title="Not found here")', "say it in Chinese first"),
        ('TITLES: Mapping[str, str] = {"none": "没有。"}', "say it in English too"),
        ('hint = "请查看。See GET /v1/units."', "within brackets"),
        ('hint = f"请加 --erase。Say so (--erase)."', "within brackets"),
        ('ADVICE: dict[str, str] = {"empty": "It is empty."}', "say it in Chinese first"),
    ],
)
def test_a_text_in_one_language_is_found(tmp_path: Path, line: str, why: str) -> None:
    (problem,) = check(tmp_path, line)
    assert problem.startswith("1: “")
    assert why in problem


@pytest.mark.parametrize(
    "line",
    [
        'raise RefusedError(Fault.CONFLICT, f"没有{name}。There is no {name}.")',
        'raise ProblemError(404, "not-found", "没有。None.", "`due` 有误。`due` is wrong.")',
        'TITLES: Mapping[str, str] = {"none": "没有。None."}',
        'hint = f"请查看（`GET /v1/units`）。See the list (`GET /v1/units/{unit}`)."',
        'log.error("clock.wrong", hint="Set the clock right.")',
    ],
)
def test_codes_logs_and_texts_in_both_languages_are_accepted(tmp_path: Path, line: str) -> None:
    assert check(tmp_path, line) == []
