"""The command's options become the API's parameters, and what it shows is whole."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli import client
from cli.ledger import CHANNELS, STATUSES
from cli.units import AUDIENCES
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, Channel
from tests.unit.cli.directory import make_unit

UNIT = make_unit(1, "县财政局")
SENT = {
    "notification_id": "00000000-0000-0000-0000-000000000002",
    "reminder_id": "00000000-0000-0000-0000-000000000003",
    "slot": "2023-12-01T01:00:00Z",
    "audience": "liaison",
    "channel": "email",
    "address": "a-very-long-address-of-a-liaison@finance.yanting.example",
    "state": "sent",
    "at": "2023-12-01T01:00:01Z",
    "reason": "",
    "gateway": "smtp",
    "subject": "【工作提醒】县财政局：12项任务待办，最近12月31日到期（还有20个工作日）",
    "body": "正文",
    "refs": ["1.1"],
}
SETTINGS = {
    "version": 3,
    "timezone": "Asia/Shanghai",
    "near_working_days": 15,
    "lights": {"yellow": {"name": "临近", "colour": "#F29900"}},
    "quiet_sms": None,
    "signature": None,
    "logo": None,
    "changed_by": "office",
    "changed_at": None,
}


class Server:
    """Answers each request with what `answers` has for its path, and keeps it."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.get(request.url.path, {"items": [], "next_cursor": None})
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer)
        return httpx.Response(200, json=answer)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    made, real = Server(), httpx.Client
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    monkeypatch.setattr(
        client.httpx,
        "Client",
        lambda **options: real(**options, transport=httpx.MockTransport(made)),
    )
    return made


def test_filters_select_from_all_units(cuiban: Any, server: Server) -> None:
    cuiban("ledger", "--light", "red", "--year", "2023", "--unit", "甲局", "--unit", "乙局")
    cuiban("ledger", "--from", "2023-01-01", "--to", "2023-06-30", "--sort", "due_on")
    first, second = (request.url for request in server.requests)
    assert first.path == "/v1/ledger"
    assert dict(first.params) | {"unit": first.params.get_list("unit")} == {
        "light": "red",
        "year": "2023",
        "unit": ["甲局", "乙局"],
        "sort": "unit",
        "limit": "500",
    }
    assert second.params["due_from"] == "2023-01-01"
    assert second.params["sort"] == "due_on"


def test_without_a_filter_the_units_are_counted(cuiban: Any, server: Server) -> None:
    cuiban("ledger")
    assert server.requests[0].url.path == "/v1/ledger/summary"


def test_a_file_is_written_whole_and_the_answer_names_it(
    cuiban: Any, server: Server, tmp_path: Path
) -> None:
    server.answers["/v1/ledger.csv"] = b"\xef\xbb\xbfa"
    file = tmp_path / "ledger.csv"
    assert json.loads(cuiban("ledger", "--csv", str(file), "--json").out) == [str(file)]
    assert file.read_bytes() == b"\xef\xbb\xbfa"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_cant_be_written_is_wrong_use(
    cuiban: Any, server: Server, tmp_path: Path
) -> None:
    assert cuiban("ledger", "--csv", str(tmp_path / "none" / "a.csv")).status == 2


def test_a_history_cuts_no_column_and_keeps_its_order(
    cuiban: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    server.answers["/v1/units"] = {"items": [UNIT], "next_cursor": None}
    rows = [SENT | {"channel": channel} for channel in ("sms", "email")]
    earlier = SENT | {"slot": "2023-11-01T01:00:00Z"}
    history = f"/v1/units/{UNIT['unit_id']}/history"
    shown = []
    for items in ([earlier, *rows], [*rows[::-1], earlier]):
        server.answers[history] = {"items": items, "next_cursor": None}
        shown.append(cuiban("ledger", "县财政局", "--history").out)
    assert shown[0] == shown[1]
    assert shown[0].count(SENT["subject"]) == 3
    assert shown[0].count(SENT["address"]) == 3


def test_one_setting_is_changed_and_the_others_are_sent_back(cuiban: Any, server: Server) -> None:
    server.answers["/v1/office/settings"] = SETTINGS
    changes = (
        "quiet_sms=21:00-07:30",
        "lights.yellow.name=黄灯",
        "signature=",
        "timezone=Asia/Urumqi",
    )
    cuiban("settings", "set", *changes, "--json")
    body = json.loads(server.requests[-1].content)
    assert server.requests[-1].method == "PUT"
    assert body["quiet_sms"] == {"begin": "21:00", "end": "07:30"}
    assert body["lights"]["yellow"] == {"name": "黄灯", "colour": "#F29900"}
    assert (body["version"], body["timezone"], body["signature"]) == (3, "Asia/Urumqi", None)
    assert "changed_by" not in body


def test_the_offices_own_unit_is_given_and_shown_by_its_name(cuiban: Any, server: Server) -> None:
    rest = {"stops_reminders": ["done"], "review": True, "joint": "lead", "own_unit": None}
    server.answers["/v1/office/settings"] = SETTINGS | rest
    server.answers["/v1/units"] = {"items": [UNIT], "next_cursor": None}
    cuiban("settings", "set", "own_unit=县财政局")
    assert json.loads(server.requests[-1].content)["own_unit"] == UNIT["unit_id"]
    server.answers["/v1/office/settings"] |= {"own_unit": UNIT["unit_id"]}
    server.answers[f"/v1/units/{UNIT['unit_id']}"] = UNIT
    assert "县财政局" in cuiban("settings", "show").out


def test_settings_are_shown_with_what_they_mean(
    cuiban: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    rest = {"stops_reminders": ["submitted", "done"], "review": True, "joint": "lead"}
    server.answers["/v1/office/settings"] = SETTINGS | rest
    shown = cuiban("settings", "show").out
    for part in (
        "time zone",
        "submitted、done",
        "the leading unit for all",
        "nothing is sent, on any channel",
    ):
        assert part in shown
    assert "stops_reminders" in shown


@pytest.mark.parametrize(
    "change", ["unheard_of=1", "lights.purple.name=x", "version=9", "quiet_sms"]
)
def test_a_setting_that_does_not_exist_is_wrong_use(
    cuiban: Any, server: Server, change: str
) -> None:
    server.answers["/v1/office/settings"] = SETTINGS
    assert cuiban("settings", "set", change).status == 2
    assert [request.method for request in server.requests] == ["GET"]


COUNTS = {"due": 3, "done": 2, "on_time": 1, "late": 1, "overdue": 1, "open": 0, "rate": 0.6667}


def test_a_report_shows_each_row_and_the_sum(cuiban: Any, server: Server, tmp_path: Path) -> None:
    server.answers["/v1/reports/summary"] = {
        "first": "2023-01-01",
        "last": "2023-12-31",
        "by": "task",
        "today": "2023-06-01",
        "rows": [COUNTS | {"name": "目录", "number": "1", "unit_id": None, "plan_id": None}],
        "total": COUNTS,
    }
    server.answers["/v1/reports/summary.docx"] = b"PK"
    file = tmp_path / "report.docx"
    ran = cuiban("report", "summary", "--by", "task", "--to", "2023-12-31", "--docx", str(file))
    assert [request.url.path for request in server.requests] == [
        "/v1/reports/summary.docx",
        "/v1/reports/summary",
    ]
    assert dict(server.requests[1].url.params) == {"by": "task", "to": "2023-12-31"}
    assert file.read_bytes() == b"PK"
    assert "1 目录" in ran.out
    assert ran.out.count("66.7%") == 2
    in_chinese = cuiban("--lang", "zh", "report", "summary", "--by", "task").out
    for heading in ("应办", "已办结", "按期办结", "超期", "办结率"):
        assert heading in in_chinese, in_chinese


def test_who_cant_be_reached_is_listed_with_what_is_missing(cuiban: Any, server: Server) -> None:
    row = {"unit_id": UNIT["unit_id"], "unit": "县财政局", "post": "liaison", "gap": "ended"}
    page = {"items": [row | {"name": "李四", "day": "2023-05-31"}], "next_cursor": None}
    server.answers["/v1/units/unreachable"] = page
    shown = cuiban("units", "unreachable", "--post", "liaison").out
    assert server.requests[0].url.params["post"] == "liaison"
    for part in ("县财政局", "李四", "2023-05-31", "the last day has passed"):
        assert part in shown


def test_a_new_feed_is_shown_as_a_whole_address(cuiban: Any, server: Server) -> None:
    server.answers["/v1/units"] = {"items": [UNIT], "next_cursor": None}
    path = "/v1/feeds/secret.ics"
    server.answers[f"/v1/units/{UNIT['unit_id']}/feed"] = {
        "unit_id": UNIT["unit_id"],
        "path": path,
        "renewed": True,
    }
    shown = cuiban("units", "feed", "县财政局").out
    assert f"http://127.0.0.1:1{path}" in shown
    assert "The earlier address has ended." in shown


def test_each_channel_audience_and_status_has_a_word() -> None:
    assert set(CHANNELS) == set(Channel)
    assert set(AUDIENCES) == set(Audience)
    assert set(STATUSES) == set(ObligationStatus)
