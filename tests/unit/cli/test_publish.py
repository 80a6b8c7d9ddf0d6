"""What a command changes is named and shown first, and only a whole yes goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import asking, client

PLAN = "00000000-0000-0000-0000-0000000000a1"
UNIT = "00000000-0000-0000-0000-0000000000b1"
TITLE = "2023年政务公开任务分解表"
HEAD = {
    "plan_id": PLAN,
    "title": TITLE,
    "year": 2023,
    "issuer": None,
    "status": "published",
    "document_name": "a.txt",
    "imported_at": "2023-06-01T00:00:00Z",
    "imported_by": "office",
    "published_at": "2023-06-01T00:00:00Z",
    "tasks": 1,
    "measures": 1,
}
PUBLISHED = {
    "plan_id": PLAN,
    "title": TITLE,
    "year": 2023,
    "document_name": "a.txt",
    "applied": False,
    "obligations": 3,
    "units": 2,
    "heard": 0,
    "held": {
        "open_measures": ["2.1"],
        "unknown_names": [],
        "past": [{"ref": "4.1", "due_on": f"2023-01-{day:02}", "units": 2} for day in range(1, 31)],
    },
    "first_heard": [
        {"unit_id": UNIT, "unit": "县财政局", "obligations": 3, "slot": "2023-06-02T01:00:00Z"}
    ],
    "unreachable": [
        {
            "unit_id": UNIT,
            "unit": "县财政局",
            "post": "liaison",
            "gap": "nobody",
            "name": "",
            "day": None,
        }
    ],
}
CONFIRMED = {
    "added": 0,
    "changed": 1,
    "removed": 0,
    "unchanged": 0,
    "obligations_added": 0,
    "obligations_amended": 3,
    "obligations_withdrawn": 0,
    "units": 1,
    "held": 0,
    "first_heard": PUBLISHED["first_heard"],
    "unreachable": PUBLISHED["unreachable"],
}
REVISION = {
    "revision_id": UNIT,
    "plan_id": PLAN,
    "title": TITLE,
    "plan_title": TITLE,
    "plan_year": 2023,
    "status": "revision",
    "document_name": "b.txt",
    "imported_at": "2023-06-01T00:00:00Z",
    "imported_by": "office",
    "confirmed_at": None,
    "outcome": None,
    "stale": False,
    "digest": "0" * 64,
    "added": [],
    "changed": [
        {
            "ref": "1.1",
            "text": "公布目录。",
            "fields": {},
            "dates": [{"before": "2023-09-30", "after": "2023-10-20"}],
            "units_added": [],
            "units_removed": [],
            "units_keeping": [{"unit_id": UNIT, "name": "县财政局", "due_on": "2099-12-31"}],
            "reports_ending": [{"unit_id": UNIT, "name": "县水利局", "due_on": "2023-09-30"}],
            "open": [],
            "unknown": [],
        }
    ],
    "removed": [],
    "unchanged": 0,
    "ambiguous": [],
    "unknown_names": [],
}
ROWS = (
    "\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    "1\t目录\t公布目录。\t县财政局\t2023年9月30日\n"
)


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The changing requests that the command sends."""
    requests: list[httpx.Request] = []
    real = httpx.Client

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if request.method == "POST":
            requests.append(request)
            if path.endswith("/publish"):
                applied = b"preview" not in request.content
                return httpx.Response(200, json=PUBLISHED | {"applied": applied})
            if path.endswith("/confirm"):
                return httpx.Response(200, json=CONFIRMED)
            if path.endswith("/names"):
                problem = {
                    "type": "urn:cuiban:problem:invalid",
                    "title": "x",
                    "status": 422,
                    "detail": "The directory does not know 甲局.",
                    "errors": [{"name": "甲局"}],
                }
                return httpx.Response(422, json=problem)
            return httpx.Response(201, json=REVISION)
        items = [HEAD] if path == "/v1/plans" else []
        return httpx.Response(200, json={"items": items, "next_cursor": None})

    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    monkeypatch.setattr(
        client.httpx,
        "Client",
        lambda **options: real(**options, transport=httpx.MockTransport(answer)),
    )
    return requests


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a person type some lines."""

    def type_lines(*lines: str) -> None:
        left = list(lines)

        def read(_prompt: str) -> str:
            if not left:
                raise EOFError
            return left.pop(0)

        monkeypatch.setattr("builtins.input", read)

    return type_lines


@pytest.mark.parametrize("typed", [(), ("y",), ("no",), ("",)])
def test_a_publication_shows_plan_units_and_first_reminders_and_wants_a_whole_yes(
    cuiban: Any, posted: list[httpx.Request], typing: Callable[..., None], typed: tuple[str, ...]
) -> None:
    typing(*typed)
    ran = cuiban("plan", "publish")
    for shown in (TITLE, PLAN, "3 obligations of 2 units", "First reminder 2023-06-02", "县财政局"):
        assert shown in ran.out
    assert "No message reaches the liaison of 县财政局" in ran.out
    assert "30 dates from 2023-01-01 to 2023-01-30: 4.1" in ran.out, "one line, not thirty"
    assert (ran.status, [b"preview" in each.content for each in posted]) == (1, [True])


@pytest.mark.parametrize("arguments", [("--yes",), ("--json",), ()])
def test_it_publishes_after_a_yes_and_asks_no_program(
    cuiban: Any, posted: list[httpx.Request], typing: Callable[..., None], arguments: Any
) -> None:
    typing("yes")
    ran = cuiban("plan", "publish", *arguments)
    assert ran.status == 0
    assert b'"preview"' not in posted[-1].content


def write(path: Path, title: str) -> str:
    path.write_text(title + ROWS)
    return str(path)


def test_a_revision_names_its_plan_who_keeps_a_granted_date_and_whose_report_ends(
    cuiban: Any, posted: list[httpx.Request], typing: Callable[..., None], tmp_path: Path
) -> None:
    typing("y")
    ran = cuiban("plan", "revise", write(tmp_path / "b.txt", TITLE))
    assert f"Revises: {TITLE} · 2023 · {PLAN}" in ran.out
    assert "县财政局 keeps 2099-12-31" in ran.out
    assert "县水利局 reported it as done (2023-09-30)" in ran.out
    assert "Nothing was changed" in ran.out
    assert len(posted) == 1, "read, and not confirmed"


def test_a_confirmed_revision_says_when_each_unit_first_hears(
    cuiban: Any, posted: list[httpx.Request], tmp_path: Path
) -> None:
    ran = cuiban("plan", "revise", write(tmp_path / "b.txt", TITLE), "--yes")
    assert posted[-1].url.path.endswith("/confirm")
    for shown in ("3 amended", "First reminder 2023-06-02", "liaison of 县财政局"):
        assert shown in ran.out


def test_a_document_with_another_title_is_asked_about_before_it_is_sent(
    cuiban: Any, posted: list[httpx.Request], typing: Callable[..., None], tmp_path: Path
) -> None:
    other = write(tmp_path / "b.txt", "2023年营商环境任务分解表")
    typing("y")
    ran = cuiban("plan", "revise", other)
    assert ran.status == 1
    assert "another title or year" in ran.err
    assert f"--plan {PLAN}" in ran.err
    assert cuiban("plan", "revise", other, "--yes").status == 1
    assert posted == []
    assert cuiban("plan", "revise", other, "--yes", "--plan", PLAN).status != 2
    assert posted
    posted.clear()
    typing("yes", "no")
    cuiban("plan", "revise", other)
    assert len(posted) == 1


def test_q_at_the_question_for_a_reason_leaves(typing: Callable[..., None]) -> None:
    typing("q")
    with pytest.raises(asking.Quit):
        asking.ask_reason()


def test_an_unknown_unit_is_named_and_nothing_prints_none(
    cuiban: Any, posted: list[httpx.Request]
) -> None:
    ran = cuiban("plan", "name", "县甲局", "--unit", "甲局", "--reason", "x", "--plan", PLAN)
    assert "does not know 甲局" in ran.err
    assert "None" not in ran.err + ran.out
