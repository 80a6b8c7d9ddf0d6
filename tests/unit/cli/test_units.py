"""Which unit a name means on the command line, and what the directory's lists say."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import client
from tests.unit.cli.directory import make_unit

RETIRED = make_unit(1, "县教育局", retired_at="2023-05-01T00:00:00Z", retired_why="合并")
HEIR = make_unit(2, "县教育和科技局", aliases=["县教育局", "县教科局"])
OTHER = make_unit(3, "县科学院", aliases=["县教科局"])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that the command sends; the directory has three units."""
    requests: list[httpx.Request] = []
    real = httpx.Client

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        units = [RETIRED, HEIR, OTHER]
        if request.method == "POST":
            unit_id = request.url.path.split("/")[3]
            return httpx.Response(
                200, json=next(unit for unit in units if unit["unit_id"] == unit_id)
            )
        name = request.url.params.get("name", "")
        found = [unit for unit in units if name in unit["name"] or name in unit["aliases"]]
        items = found if request.url.path == "/v1/units" else []
        return httpx.Response(200, json={"items": items, "next_cursor": None})

    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    monkeypatch.setattr(
        client.httpx,
        "Client",
        lambda **options: real(**options, transport=httpx.MockTransport(answer)),
    )
    return requests


@pytest.mark.parametrize(
    "arguments",
    [
        ("units", "retire", "县教育局", "--reason", "误撤", "--undo"),
        ("units", "rename", "县教育局", "县教育体育局"),
        ("units", "contact", "县教育局", "--post", "liaison", "--email", "a@x.example"),
        ("units", "alias", "县教育局", "--add", "教育局"),
    ],
)
def test_a_retired_units_own_name_means_it_and_not_who_took_the_name_over(
    cuiban: Any, asked: list[httpx.Request], arguments: tuple[str, ...]
) -> None:
    ran = cuiban(*arguments)
    changed = [request.url.path for request in asked if request.method == "POST"]
    assert [path.split("/")[3] for path in changed] == [RETIRED["unit_id"]]
    assert "县教育和科技局 has the name as an alias" in ran.err
    asked.clear()
    cuiban("ledger", "县教育局")
    assert asked[-1].url.params["unit_id"] == RETIRED["unit_id"]


def test_an_alias_of_two_units_is_asked_about(cuiban: Any, asked: list[httpx.Request]) -> None:
    ran = cuiban("units", "retire", "县教科局", "--reason", "合并")
    assert ran.status == 2
    assert "县教科局 means 2 units" in ran.err
    assert HEIR["unit_id"] in ran.err
    assert "or its id" in ran.err
    assert all(request.method == "GET" for request in asked)
    assert cuiban("units", "rename", HEIR["unit_id"], "县教科体局").status == 0


def test_a_post_shows_the_last_day_of_its_holder(
    cuiban: Any, asked: list[httpx.Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = {
        "contact_id": HEIR["unit_id"],
        "post": "liaison",
        "name": "张三",
        "email": "a@x.example",
        "mobile": "",
        "valid_to": "2023-05-31",
    }
    monkeypatch.setitem(HEIR, "contacts", [holder])
    assert "liaison (until 2023-05-31)" in cuiban("units", "list").out


def test_what_a_file_means_for_published_plans_and_what_it_erases_is_said(
    cuiban: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    member = {"unit_id": HEIR["unit_id"], "unit": "县审计局", "refs": ["1.1"], "obligations": 1}
    plan = {"plan_id": OTHER["unit_id"], "title": "2023年清单", "year": 2023, "digest": "0" * 64}
    imported = {
        "applied": False,
        "created": 1,
        "changed": 1,
        "unchanged": 0,
        "new": [{"name": "新安镇", "near": [{"unit_id": HEIR["unit_id"], "name": "永安镇"}]}],
        "changes": [],
        "absent": [],
        "erased": 2,
        "plans": [plan | {"gains": [member], "losses": []}],
    }
    real = httpx.Client
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=imported))
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    monkeypatch.setattr(
        client.httpx, "Client", lambda **options: real(**options, transport=transport)
    )
    file = tmp_path / "u.csv"
    file.write_text("单位名称")
    ran = cuiban("units", "import", str(file), "--preview")
    assert "similar to 永安镇" in ran.out
    assert "cuiban units rename" not in ran.out, "a proposal is no command that changes something"
    assert "2 fields would be emptied by dashes; that needs --erase" in ran.out
    assert "2023年清单: 1 units would gain duties and 0 lose some" in ran.out
