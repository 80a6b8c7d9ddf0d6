"""Errors as the API answers them."""

import json
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from structlog.testing import capture_logs

from services.ingest.api.problem_titles import TITLES
from services.ingest.api.problems import install, make_problem
from services.ingest.documents.errors import DocumentFault
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.accounts.signing_in import SignInFault
from services.ingest.store.rows import PlanStatus
from shared.api.accounts import SignInIn
from shared.api.links import LinkOpenIn
from shared.api.obligations import EvidenceIn, ExtendIn, ReasonIn
from shared.api.offices import TokenIn
from shared.api.problems import choose_part
from shared.api.settings import OfficeSettingsIn
from shared.errors import NewerValueError
from shared.rules.book import RuleBook
from shared.rules.moments import OnDates


async def test_a_value_of_a_newer_release_is_503_and_the_log_names_it():
    app = FastAPI()
    install(app)

    @app.get("/plan")
    async def show_plan() -> None:
        raise NewerValueError(PlanStatus, "unheard-of")

    transport = httpx.ASGITransport(app)
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
            answer = await api.get("/plan")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["type"] == "urn:cuiban:problem:newer-release"
    assert "unheard-of" not in answer.text
    assert ["'unheard-of' as PlanStatus" in line["wrong"] for line in lines] == [True]


RULE = {
    "rule_id": "a",
    "kinds": ["deadline"],
    "when": [{"type": "when-told"}],
    "who": [{"audience": "liaison"}],
    "channels": ["email"],
}
EXTENDED: dict[str, object] = {"version": 1, "due_on": "2023-12-20", "note": "x"}
_REQUESTS: list[tuple[type[BaseModel], dict[str, object], str]] = [
    (TokenIn, {"name": "a\nb", "scopes": ["read"]}, "内容含有控制字符或换行。"),
    (TokenIn, {"name": " ", "scopes": ["read"]}, "内容不能为空白。"),
    (ReasonIn, {"note": "a\x00"}, "内容含有控制字符。"),
    (EvidenceIn, {"link": "ftp://x"}, "链接须以 http://"),
    (SignInIn, {"name": "a", "password": "a\x00"}, "内容含有密码里没有的字符。"),
    (LinkOpenIn, {"mobile": "1"}, "请提供链接"),
    (OfficeSettingsIn, {"version": 1, "logo": "x"}, "标志须为 base64 编码。"),
    (OfficeSettingsIn, {"version": 1, "timezone": "Mars/Base"}, "不是时区"),
    (
        OfficeSettingsIn,
        {"version": 1, "quiet_sms": {"begin": "21:00Z", "end": "22:00"}},
        "请勿写时区",
    ),
    (ReasonIn, {"note": ""}, "内容过短，至少 1 个字。"),
    (ReasonIn, {"note": "x" * 1001}, "内容过长，最多 1000 个字。"),
    (ExtendIn, EXTENDED | {"due_on": "2023-02-30"}, "不是有效的日期，应写成 2023-12-31 这样。"),
    (ExtendIn, EXTENDED | {"due_on": 20231201}, "不是有效的日期，应写成 2023-12-31 这样。"),
    (ExtendIn, EXTENDED | {"due_on": "0023-01-01"}, "不能早于 2000-01-01。"),
    (ExtendIn, EXTENDED | {"due_on": "2999-01-01"}, "不能晚于 2199-12-31。"),
    (ExtendIn, EXTENDED | {"version": "一"}, "须为整数。"),
    (ExtendIn, EXTENDED | {"version": -1}, "不能小于 0。"),
    (TokenIn, {"name": "a", "scopes": ["god"]}, "不在可选范围内，可选：'read'、'report'"),
    (TokenIn, {"name": "a", "scopes": []}, "数量过少，至少 1 个。"),
    (TokenIn, {"name": "a", "scopes": ["read"], "unit_id": "x"}, "不是有效的编号。"),
    (RuleBook, {"version": 1, "rules": [RULE, RULE]}, "两条规则的编号"),
    (OnDates, {"type": "on-dates", "days": ["02-30"]}, "02-30 不是“月-日”"),
]


@pytest.mark.parametrize(("body", "content", "text"), _REQUESTS)
async def test_what_is_wrong_with_a_value_is_told_in_chinese_and_then_in_english(
    body: type[BaseModel], content: dict[str, object], text: str
) -> None:
    app = FastAPI()
    install(app)

    async def take(asked: BaseModel) -> None:
        raise AssertionError("the body is valid")

    take.__annotations__["asked"] = body
    app.post("/")(take)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        answer = await api.post("/", json=content)
    assert answer.status_code == 422
    messages = [row["message"] for row in answer.json()["errors"]]
    (told,) = [message for message in messages if message.startswith(text)]
    assert re.search("[a-z]{3}", told)
    assert "Value error" not in told


@pytest.mark.parametrize(
    ("fault", "advice"), [(Fault.NOT_FOUND, "请从列表"), (Fault.CONFLICT, "请重新")]
)
async def test_a_refusal_says_what_to_do_even_if_its_place_does_not(
    fault: Fault, advice: str
) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def refuse() -> None:
        raise RefusedError(fault, "没有这一项。There is no such thing.")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        hint = (await api.get("/")).json()["hint"]
    assert advice in choose_part(hint, "zh")
    assert re.fullmatch("[A-Za-z,:. ]+", choose_part(hint, "en"))


_API = Path(__file__).parents[3] / "services" / "ingest" / "api"
_NAMED = re.compile(r'(?:ProblemError|make_problem)\(\s*\d{3},\s*"([a-z-]+)"')


def list_named() -> set[str]:
    sources = [path.read_text("utf-8") for path in _API.glob("*.py")]
    return {name for source in sources for name in _NAMED.findall(source)}


def test_every_kind_of_problem_has_a_title() -> None:
    named = list_named()
    assert {"link-expired", "clock-wrong", "internal"} <= named
    kinds = {name for name in named if not name.startswith("document-")}
    kinds |= {each.value for faults in (Fault, SignInFault) for each in faults}
    assert sorted(kinds - TITLES.keys()) == []


@pytest.mark.parametrize(
    ("status", "name", "title"),
    [
        (409, "conflict", "现在的状态不允许这样做。The present state does not allow it."),
        (422, f"document-{DocumentFault.EMPTY}", "读不出这个文件。The document can't be read."),
        (405, "method-not-allowed", "请求未被接受。The request was refused: Method Not Allowed."),
        (507, "no-space", "服务未能处理。The service failed: Insufficient Storage."),
    ],
)
def test_a_title_names_the_kind_in_chinese_and_then_in_english(
    status: int, name: str, title: str
) -> None:
    assert json.loads(make_problem(status, name, "").body)["title"] == title
