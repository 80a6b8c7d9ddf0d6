"""The check of names says what is wrong, where, and why."""

from pathlib import Path

import pytest

from tools.names import list_problems, list_shared_names

REFUSED = '''
"""It tells whoever is there."""


def rows_of(one):
    found = one  # nobody knows
    return found


class Held:
    pass
'''
ACCEPTED = '''
"""Rows of a table."""


def list_rows(table):
    rows = table.rows
    return rows


@property
def size(self):
    return 1
'''


def write(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_each_problem_is_listed_with_its_line_and_the_reason(tmp_path: Path) -> None:
    problems = sorted(list_problems(write(tmp_path, "refused.py", REFUSED)))
    assert [problem.split(" (")[0] for problem in problems] == [
        "10: class Held",
        "2: “whoever”",
        "5: def rows_of",
        "5: one",
        "6: found",
        "6: “nobody knows”",
    ]
    assert "10: class Held (say for what: HeldNotification, FoldLock)" in problems


def test_verbs_properties_and_plain_words_are_accepted(tmp_path: Path) -> None:
    assert list(list_problems(write(tmp_path, "accepted.py", ACCEPTED))) == []


def test_a_class_has_one_definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.names.ROOT", tmp_path)
    paths = [write(tmp_path, name, "class Draft:\n    pass\n") for name in ("a.py", "b.py")]
    assert list(list_shared_names(paths)) == ["class Draft has 2 meanings: a.py:1, b.py:1"]
