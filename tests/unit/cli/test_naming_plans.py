"""A plan is named by its year, its title, a part of it, or its id; a token by its name."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.unit.cli.test_publish import HEAD

IDS = {name: f"00000000-0000-0000-0000-0000000000a{n}" for n, name in enumerate("abcd")}
PLANS = [
    HEAD | {"plan_id": IDS["a"], "year": 2022, "title": "2022年分解表"},
    HEAD | {"plan_id": IDS["b"], "year": 2023, "title": "2023年分解表"},
    HEAD | {"plan_id": IDS["c"], "year": 2023, "title": "2023年要点", "status": "draft"},
    HEAD | {"plan_id": IDS["d"], "year": 2024, "title": None, "document_name": "2024.docx"},
]
MEASURE = {"text": "x", "names": [], "printed_due": None}


class Server:
    """Answers requests as the API does to lists of plans and tokens, and keeps them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    def answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        body = options.get("json") or options.get("params")
        self.asked.append((f"{method} {path}", body))
        return httpx.Response(200, json=self._choose(path, body))

    def _choose(self, path: str, body: Any) -> dict[str, Any]:
        if path == "/v1/plans":
            return {"items": PLANS, "next_cursor": None}
        if path == "/v1/tokens":
            return {"items": TOKENS, "next_cursor": None}
        if path.endswith("/joint"):
            plan_id = path.split("/")[3]
            return {"plan_id": plan_id, "ref": body["ref"], "joint": body["joint"]}
        return {"items": [], "next_cursor": None}


TOKENS = [
    {
        "token_id": IDS[name],
        "name": called,
        "prefix": "cb_",
        "scopes": ["read"],
        "unit_id": None,
        "created_at": "2023-06-01T00:00:00Z",
        "revoked_at": revoked,
    }
    for name, called, revoked in (
        ("a", "门户", "2023-06-02T00:00:00Z"),
        ("b", "门户", None),
        ("c", "大屏", None),
        ("d", "大屏", None),
    )
]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    monkeypatch.setattr(httpx.Client, "request", server.answer)
    return server


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("2022", "a"),
        ("2022年分解表", "a"),
        ("2022年", "a"),
        ("2023", "b"),  # the published one, not the draft
        ("2023年要点", "c"),
        ("要点", "c"),
        ("2024.docx", "d"),
        (IDS["c"], "c"),
    ],
)
def test_a_plan_is_named_by_year_title_or_id(
    cuiban: Callable[..., Any], api: Server, word: str, name: str
) -> None:
    shown = cuiban("plan", "joint", "lead", word)
    assert shown.status == 0, shown.err
    assert api.asked[-1][0] == f"POST /v1/plans/{IDS[name]}/joint"
    assert cuiban("ledger", "--plan", word).status == 0
    assert api.asked[-1][1]["plan"] == [IDS[name]]


@pytest.mark.parametrize(
    ("word", "said"), [("分解表", "分解表 means 2 plans."), ("2021", "No plan is called 2021.")]
)
def test_a_word_that_does_not_mean_one_plan_is_refused_with_what_there_is(
    cuiban: Callable[..., Any], api: Server, word: str, said: str
) -> None:
    shown = cuiban("plan", "joint", "lead", word)
    assert shown.status == 2
    assert said in shown.err
    assert re.search("2022年分解表 · 2022 · " + IDS["a"], shown.err)
    assert [asked for asked, _ in api.asked] == ["GET /v1/plans"]


def test_plans_are_listed(cuiban: Callable[..., Any], api: Server) -> None:
    shown = cuiban("plan", "list")
    assert "2023年要点" in shown.out
    assert IDS["d"] in shown.out
    assert "GET /v1/plans" in api.asked[0]


def test_a_token_is_revoked_by_the_name_that_one_in_use_has(
    cuiban: Callable[..., Any], api: Server
) -> None:
    assert cuiban("tokens", "revoke", "门户").status == 0
    assert api.asked[-1][0] == f"DELETE /v1/tokens/{IDS['b']}"
    shown = cuiban("tokens", "revoke", "大屏")
    assert shown.status == 2
    assert "2 tokens in use are called 大屏." in shown.err
