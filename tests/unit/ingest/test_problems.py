"""Errors as the API answers them."""

import json
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from services.ingest.api.problem_titles import TITLES
from services.ingest.api.problems import install, make_problem
from services.ingest.documents.errors import DocumentFault
from services.ingest.domain.refusals import Fault
from services.ingest.handlers.accounts.signing_in import SignInFault
from services.ingest.store.rows import PlanStatus
from shared.errors import NewerValueError


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
