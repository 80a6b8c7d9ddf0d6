"""`cuiban rules forecast`: what is asked of the API, and what is shown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli import rules_forecast
from tests.unit.cli.conftest import Run

TEXT = "rules: []\n"
DRAFT = {
    "draft_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "version": 1,
    "note": "",
    "author": "张三",
    "based_on": 1,
    "created_at": "2023-06-01T00:00:00Z",
    "changed_by": "张三",
    "changed_at": "2023-06-01T00:00:00Z",
}
DAYS = ["rules", "forecast", "--from", "2023-06-01", "--to", "2023-06-30"]
FIGURES = {"reminders": 3, "messages": {"email": 2, "sms": 3}, "sms_parts": 4}
UNIT = {"unit_id": "00000000-0000-0000-0000-000000000000", "unit": "县财政局"}
ANSWER: dict[str, Any] = {
    "from": "2023-06-01",
    "to": "2023-06-30",
    "timezone": "Asia/Shanghai",
    "version": 2,
    "reminders": [],
    "left_out": 3,
    "totals": {
        **FIGURES,
        "cost": 0.18,
        "suppressed": {"no-contact": 1},
        "deferred": 2,
        "units": 2,
    },
    "days": [{"day": "2023-06-02", **FIGURES}],
    "busiest": ["2023-06-02"],
    "heard": [{**UNIT, **FIGURES}],
    "compared": {"added": 1, "dropped": 2, "moved": 3, "changed": 4, "rows": []},
    "silent": 11,
    "silent_units": [f"单位{number}" for number in range(11)],
    "warnings": [{"code": "no-price", "message": "没有设置短信单价。No price is set."}],
}


class Api:
    """An API that notes what it is asked."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer, self.asked = answer, list[Any]()

    def post(self, path: str, body: Any) -> Any:
        self.asked.append((path, body))
        return self.answer

    def get(self, path: str) -> Any:
        return {"text": TEXT} if path == f"/v1/rule-drafts/{DRAFT['draft_id']}" else [DRAFT]

    def close(self) -> None:
        pass


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api(dict(ANSWER))
    monkeypatch.setattr(rules_forecast, "connect", lambda _state: made)
    return made


def test_the_book_in_force_is_summarised(cuiban: Callable[..., Run], api: Api) -> None:
    shown = cuiban(*DAYS)
    assert shown.status == 0
    body = {"from": "2023-06-01", "to": "2023-06-30", "most": 0}
    assert api.asked == [("/v1/rule-books/forecast", body)]
    assert shown.out.splitlines() == [
        "2023-06-01 to 2023-06-30, version 2 of the rules, in force:",
        "3 reminders to 2 units; messages: email 2, sms 3",
        "short messages: 4 parts, 0.18 yuan",
        "2 messages wait for the end of quiet hours or a limit.",
        "1 messages are never sent: nobody holds the post",
        "Busiest days",
        "day         reminders  messages",
        "2023-06-02  3          email 2, sms 3",
        "11 units owe something and would hear nothing: "
        + "、".join(f"单位{number}" for number in range(10))
        + " …",
        "No price is set.",
    ]


def test_a_file_is_sent_and_compared(cuiban: Callable[..., Run], api: Api, tmp_path: Path) -> None:
    file = Path("examples/rules.yaml")
    api.answer["version"] = None
    shown = cuiban("--lang", "zh", *DAYS, str(file))
    assert api.asked[0][1]["text"] == file.read_text("utf-8")
    assert "与现行规则相比：新增 1 条，取消 2 条，改期 3 条" in shown.out
    assert "没有设置短信单价。" in shown.out


def test_as_json_every_reminder_is_asked_for(cuiban: Callable[..., Run], api: Api) -> None:
    assert json.loads(cuiban(*DAYS, "--json").out)["totals"] == ANSWER["totals"]
    cuiban(*DAYS, "--json", "--most", "5")
    assert ["most" in body for _, body in api.asked] == [False, True]
    assert api.asked[1][1]["most"] == 5


def test_an_unsound_file_is_refused_with_its_first_fault(
    cuiban: Callable[..., Run], api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "book.yaml"
    file.write_text("rules: []\nzone: x\n", encoding="utf-8")
    refused = cuiban(*DAYS, str(file))
    assert refused.status == 1
    assert "line 2, column 1: There is no key zone." in refused.err
    assert api.asked == []


def test_a_draft_is_forecast_by_its_text(cuiban: Callable[..., Run], api: Api) -> None:
    assert cuiban(*DAYS, "latest").status == 0
    assert [body["text"] for _, body in api.asked] == [TEXT]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--from", "2023-06-02", "--to", "2023-06-01"],
        ["--from", "2023-06-01"],
        ["--from", "2023-06-01", "--to", "2023-06-02", "none.yaml"],
    ],
)
def test_wrong_use(cuiban: Callable[..., Run], api: Api, arguments: list[str]) -> None:
    assert cuiban("rules", "forecast", *arguments).status == 2
    assert api.asked == []
