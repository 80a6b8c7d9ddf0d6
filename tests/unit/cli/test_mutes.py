"""`cuiban mute` and `cuiban why`, where they are used wrongly."""

from typing import Any

import pytest

from cli import mutes


@pytest.mark.parametrize(
    ("typed", "body"),
    [
        ("2026-12-31", {"until": "2026-12-31"}),
        ("2026-12-31T17:00", {"until_at": "2026-12-31T17:00:00"}),
        ("2026-12-31T17:00+08:00", {"until_at": "2026-12-31T17:00:00+08:00"}),
    ],
)
def test_a_mute_lasts_until_a_day_or_an_instant(typed: str, body: dict[str, str]) -> None:
    assert mutes._read_until(typed) == body


def test_what_is_neither_is_wrong_use(cuiban: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    ended = cuiban("mute", "add", "--task", "16", "--until", "soon", "--reason", "x")
    assert (ended.status, "soon is neither" in ended.err) == (2, True)


@pytest.mark.parametrize("arguments", [(), ("some-id", "--unit", "县财政局")])
def test_why_is_asked_of_an_obligation_or_a_unit(cuiban: Any, arguments: tuple[str, ...]) -> None:
    assert cuiban("why", *arguments).status == 2
