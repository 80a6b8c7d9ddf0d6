"""Two offices with something on every page, for walks through all pages."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import uuid4

import httpx

from services.console.shell.long_tasks import Outcome
from services.ingest.handlers.office.bootstrap import create_office, issue_token
from shared.rules.defaults import make_default_rule_book
from tests.integration.console.desk import Desk
from tests.integration.ingest.conftest import NOW, SCOPES
from tests.integration.ingest.dead_letters import make_record, put_dead_letter
from tests.integration.ingest.messages import put_message
from tests.integration.ingest.people import PASSWORD
from tests.integration.ingest.replies import put_reply

_HEADER = "序号\t任务名称\t具体内容\t责任单位\t完成时限"
_ROWS = (
    "1\t甲\t公开预算。\t县级各部门\t2023年9月底前",
    "2\t乙\t公开决算。\t{unit_name}\t2023年10月底前",
    "3\t丙\t单位主要负责人每年至少听取1次政务公开工作情况汇报。\t{unit_name}\t2023年年底",
)
_DOUBTFUL = "2\t乙\t开展培训。\t{unit_name}\t定期"
_DIRECTORY = "单位名称,分组,联络员,联络员邮箱\n{unit_name},县级各部门,张三,czj@yanting.example\n"
_NOTICE = "2027年放假安排\n一、元旦：1月1日至3日放假。"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class World:
    """The names in addresses: `own` of the office that walks, `foreign` of another one."""

    own: Mapping[str, str]
    foreign: Mapping[str, str]
    stranger: httpx.AsyncClient
    """A client of the other office that may do everything."""
    document: bytes
    """A task table that was read before."""

    def make_unknown(self) -> dict[str, str]:
        """Names that nothing has."""
        return {key: str(uuid4()) for key in self.own} | {"unit_name": "没有这个局"}


def remove_names(text: str, names: Mapping[str, str]) -> str:
    """A page without the names that were asked for, and without what differs on every page."""
    for name in names.values():
        for form in (name, quote(name), quote_plus(name)):
            text = text.replace(form, "…")
    return _UUID.sub("…", text)


async def build_world(desk: Desk) -> World:
    """Fill the office of a desk, and another one beside it."""
    own = await _fill(desk, desk.api.client, "县财政局")
    own["session"] = await _list_sessions(desk)
    async with desk.api.engine.begin() as db:
        office = await create_office(db, "santai", "三台县政务公开办", NOW)
        token = await issue_token(db, office, "office", SCOPES, now=NOW)
    stranger = desk.api.open(token)
    foreign = await _fill(desk, stranger, "三台县财政局")
    foreign["session"] = await _open_foreign_session(desk, stranger)
    for names, office_id in ((own, desk.api.office_id), (foreign, office)):
        names["notification"] = await put_message(desk.api, names["unit"], office_id=office_id)
        names["letter"] = await put_dead_letter(desk.api, make_record(office_id))
        names["reply"] = await put_reply(desk.api, office_id=office_id)
    own["task"] = _start_task(desk, await desk.open_session("admin"))
    foreign["task"] = _start_task(desk, "another session")
    return World(own, foreign, stranger, _write_revision("县财政局").encode())


async def _fill(desk: Desk, client: httpx.AsyncClient, unit_name: str) -> dict[str, str]:
    """Plans, a directory, an account and what a unit asks for; the names of all of them."""
    book = make_default_rule_book().model_dump(mode="json", exclude={"version"})
    await _post(client, "/v1/rule-books", **(book | {"near_working_days": 10}))
    rules = await _post(client, "/v1/rule-drafts", from_version=1, note="试行半年")
    await _send(client, "/v1/units/import", _DIRECTORY.format(unit_name=unit_name))
    rows = [row.format(unit_name=unit_name) for row in _ROWS]
    plan = (await _send(client, "/v1/plans", _write("要点分解表", *rows)))["plan_id"]
    await _post(client, f"/v1/plans/{plan}/publish")
    changed = _write_revision(unit_name)
    revision = await _send(client, f"/v1/plans/{plan}/revisions", changed)
    doubtful = _write("分解表", rows[0], _DOUBTFUL.format(unit_name=unit_name))
    draft = await _send(client, "/v1/plans", doubtful)
    await _send(client, "/v1/units/import", "单位名称,分组\n县新设局,县级各部门\n")
    ledger = (await client.get("/v1/ledger", params={"sort": "due_on"})).json()["items"]
    await _post(client, "/v1/calendars/draft", text=_NOTICE)
    view = await _post(client, "/v1/ledger/views", name="常看", query="light=red")
    user = {"name": f"{unit_name}的人", "role": "viewer", "password": PASSWORD}
    token = await _post(client, "/v1/tokens", name="OA", scopes=["read"])
    asked = await _ask(desk, client, ledger[0]["obligation_id"], ledger[0]["unit_id"])
    return asked | {
        "unit_name": unit_name,
        "unit": ledger[0]["unit_id"],
        "plan": plan,
        "draft": draft["plan_id"],
        "revision": revision["revision_id"],
        "obligation": ledger[0]["obligation_id"],
        "user": (await _post(client, "/v1/users", **user))["user_id"],
        "token": token["token_id"],
        "view": view["view_id"],
        "rule_draft": rules["draft_id"],
    }


async def _ask(
    desk: Desk, client: httpx.AsyncClient, obligation_id: str, unit_id: str
) -> dict[str, str]:
    """Evidence, a hearing, a request and an objection, as a unit enters them."""
    token = await _post(client, "/v1/tokens", name="OA", scopes=["read", "report"], unit_id=unit_id)
    unit, item = desk.api.open(token["token"]), f"/v1/obligations/{obligation_id}"
    heard = await _post(
        unit, f"/v1/units/{unit_id}/hearings", heard_on="2023-05-18", heard_by="局长"
    )
    shown = await _send(unit, f"{item}/files", "%PDF-1.7", "说明.pdf")
    asked = await _post(
        unit, f"{item}/extend", version=shown["version"], due_on="2023-12-20", note="系统迁移"
    )
    objected = await _post(unit, f"{item}/object", version=asked["version"], note="不属于本单位")
    proposed = await _post(
        unit,
        f"/v1/units/{unit_id}/contact-proposals",
        post="liaison",
        name="张三",
        mobile="13900000009",
        note="换了号码",
    )
    muted = await _post(
        client, "/v1/mutes", rule_id="deadline", until="2023-12-31", reason="职责交接"
    )
    held = await _post(client, "/v1/holds", channel="sms", reason="签名待报备")
    return {
        "hold": held["hold_id"],
        "proposal": proposed["proposal_id"],
        "mute": muted["mute_id"],
        "hearing": heard["hearing_id"],
        "evidence": shown["evidence"][0]["evidence_id"],
        "extension": asked["extensions"][0]["extension_id"],
        "objection": objected["objections"][0]["objection_id"],
    }


def _write(title: str, *rows: str) -> str:
    return "\n".join([f"盐亭县2023年政务公开{title}", _HEADER, *rows])


def _write_revision(unit_name: str) -> str:
    rows = [row.format(unit_name=unit_name) for row in _ROWS]
    return _write("要点分解表", rows[0].replace("9月", "8月"), *rows[1:])


async def _send(
    client: httpx.AsyncClient, path: str, text: str, name: str = "任务表.txt"
) -> dict[str, Any]:
    answer = await client.post(path, files={"file": (name, text.encode())})
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


async def _post(client: httpx.AsyncClient, path: str, **body: object) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.is_success, f"{path}: {answer.text}"
    return dict(answer.json())


async def _list_sessions(desk: Desk) -> str:
    client = desk.api.open(await desk.open_session("admin"))
    return str((await client.get("/v1/sessions")).json()["items"][0]["session_id"])


async def _open_foreign_session(desk: Desk, stranger: httpx.AsyncClient) -> str:
    await _post(stranger, "/v1/users", name="santai", role="admin", password=PASSWORD)
    body = {"name": "santai", "password": PASSWORD, "code": ""}
    answer = await desk.api.open("").post("/v1/sessions", json=body, headers={"Authorization": ""})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session"]["session_id"])


def _start_task(desk: Desk, owner: str) -> str:
    """Work that goes on as long as the desk is open."""

    async def run() -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    return desk.context.tasks.start(owner, "正在核对", "/plans", run).task_id
