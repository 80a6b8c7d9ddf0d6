"""Whatever changes state leaves an entry: who, when, and what it was before and after."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from functools import partial
from itertools import count
from typing import Any

import httpx
import pytest

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.extraction.plans.reading import read_plan_with_source
from shared.rules.defaults import make_default_rule_book
from tests.integration.ingest.people import join
from tests.integration.ingest.test_journal_of_people import WAYS as OF_PEOPLE
from tests.integration.ingest.test_links import WAYS as OF_LINKS

pytestmark = pytest.mark.integration
HEAD = "2023年政务公开任务分解表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
CATALOGUE = "1\t目录\t编制并公布公开目录。\t县财政局\t2023年9月30日\n"
HEARING = "2\t汇报\t单位主要负责人每年至少听取1次政务公开工作情况汇报。\t县财政局\t2023年年底\n"
DOUBTFUL = "3\t清理\t定期清理失效内容。\t县财政局、远方局\t2023年年底\n"
LATER = "1\t目录\t编制并公布公开目录。\t县财政局\t2023年10月31日\n"


class Desk:
    """One request for each way to change something, in an order that works."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.plan = self.revision = self.token = self.draft = ""
        self.approver: httpx.AsyncClient | None = None
        self.withdrawn: dict[str, Any] = {}
        self.numbers = count()

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.api.client.post(path, json=body)

    async def upload(self, path: str, text: str) -> httpx.Response:
        return await self.api.client.post(path, files={"file": ("t.txt", text.encode())})

    async def obligation(self, ref: str) -> dict[str, Any]:
        return next(row for row in await self.api.list_ledger() if row["ref"] == ref)

    async def units(self) -> httpx.Response:
        return await self.api.import_units()

    async def unit(self) -> str:
        row = await self.obligation("1.1")
        return f"/v1/units/{row['unit_id']}"

    async def take_over(self) -> httpx.Response:
        body = {"post": "liaison", "name": "新联络员", "email": "new@finance.example"}
        return await self.post(f"{await self.unit()}/contacts", body)

    async def rename(self) -> httpx.Response:
        return await self.post(f"{await self.unit()}/rename", {"name": "县财政和国资局"})

    async def aliases(self) -> httpx.Response:
        return await self.post(f"{await self.unit()}/aliases", {"add": ["县财金局"]})

    async def retire(self) -> httpx.Response:
        return await self.post(f"{await self.unit()}/retire", {"reason": "机构合并"})

    async def import_plan(self) -> httpx.Response:
        answer = await self.upload("/v1/plans", HEAD + CATALOGUE + HEARING + DOUBTFUL)
        self.plan = f"/v1/plans/{answer.json()['plan_id']}"
        return answer

    async def settle(self) -> httpx.Response:
        body = {"ref": "3.1", "action": "accept", "reason": "年底前"}
        return await self.post(f"{self.plan}/settlements", body)

    async def details(self) -> httpx.Response:
        return await self.post(f"{self.plan}/details", {"issuer": "县政府办公室", "reason": "补"})

    async def decide(self) -> httpx.Response:
        body = {"name": "远方局", "ignore": True, "reason": "不在本县"}
        return await self.post(f"{self.plan}/names", body)

    async def publish(self) -> httpx.Response:
        return await self.post(f"{self.plan}/publish", {})

    async def decide_members(self) -> httpx.Response:
        await self.api.import_units("单位名称,分组\n县审计局,县级监督部门\n")
        plan = HEAD + "4\t检查\t开展检查。\t县级监督部门\t2023年12月20日\n"
        answer = await self.upload("/v1/plans", plan)
        path = f"/v1/plans/{answer.json()['plan_id']}"
        await self.post(f"{path}/publish", {})
        await self.api.import_units("单位名称,分组\n县司法局,县级监督部门\n")
        body = {"decision": "confirm", "reason": "新增成员"}
        return await self.post(f"{path}/directory-changes", body)

    async def report(self) -> httpx.Response:
        row = await self.obligation("3.1")
        return await self.post(f"/v1/obligations/{row['obligation_id']}/status", {"status": "done"})

    async def extend(self) -> httpx.Response:
        row = await self.obligation("1.1")
        body = {"due_on": "2023-10-15", "reason": "系统迁移"}
        return await self.post(f"/v1/obligations/{row['obligation_id']}/extensions", body)

    async def hear(self) -> httpx.Response:
        row = await self.obligation("2.1")
        body = {"heard_on": "2023-05-31", "heard_by": "局长", "minutes": "纪要3号"}
        return await self.post(f"/v1/units/{row['unit_id']}/hearings", body)

    async def act(self, action: str, **body: object) -> httpx.Response:
        """Take an action on the first obligation that allows it, at its present version."""
        row = await self.find(action)
        wanted = {"version": row["version"], "note": "说明"} | body
        return await self.post(f"/v1/obligations/{row['obligation_id']}/{action}", wanted)

    async def withdraw(self) -> httpx.Response:
        answer = await self.act("withdraw")
        self.withdrawn = answer.json()
        return answer

    async def reopen(self) -> httpx.Response:
        path = f"/v1/obligations/{self.withdrawn['obligation_id']}/reopen"
        return await self.post(path, {"version": self.withdrawn["version"]})

    async def find(self, action: str) -> dict[str, Any]:
        """The first obligation that allows an action."""
        for row in await self.api.list_ledger():
            shown = await self.api.client.get(f"/v1/obligations/{row['obligation_id']}")
            if action in shown.json()["allowed"]:
                return dict(shown.json())
        raise AssertionError(action)

    async def take_back(self) -> httpx.Response:
        row = (await self.act("progress")).json()
        path = f"/v1/obligations/{row['obligation_id']}/take-back"
        return await self.post(path, {"version": row["version"], "note": "误报"})

    async def ask(self) -> tuple[str, date]:
        """Ask for an extension as a unit; returns its path and a date that may be granted."""
        row = await self.find("extend")
        day = date.fromisoformat(row["due_on"]) + timedelta(days=9)
        unit = await self.api.open_as("report", "read", unit_id=row["unit_id"])
        body = {"version": row["version"], "due_on": str(day), "note": "申请"}
        asked = await unit.post(f"/v1/obligations/{row['obligation_id']}/extend", json=body)
        pending = [each for each in asked.json()["extensions"] if each["state"] == "pending"]
        return f"/v1/extensions/{pending[0]['extension_id']}", day - timedelta(days=1)

    async def decide_extension(self, how: str) -> httpx.Response:
        path, _ = await self.ask()
        confirm = {"confirm": True} if how == "grant" else {}
        return await self.post(f"{path}/{how}", {"note": "说明"} | confirm)

    async def change_granted(self, how: str) -> httpx.Response:
        path, day = await self.ask()
        granted = (await self.post(f"{path}/grant", {"confirm": True})).json()
        body = {"due_on": str(day), "confirm": True} if how == "correct" else {}
        return await self.post(
            f"{path}/{how}", {"version": granted["version"], "note": "说明"} | body
        )

    async def decide_objection(self, how: str) -> httpx.Response:
        raised = (await self.act("object")).json()
        pending = [each for each in raised["objections"] if each["state"] == "pending"]
        path = f"/v1/objections/{pending[0]['objection_id']}"
        return await self.post(f"{path}/{how}", {"note": "说明"})

    async def take_back_hearing(self) -> httpx.Response:
        hearing_id = (await self.hear()).json()["hearing_id"]
        return await self.post(f"/v1/hearings/{hearing_id}/take-back", {"note": "误登"})

    async def add_evidence(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        return await self.post(f"/v1/obligations/{row['obligation_id']}/evidence", {"note": "说明"})

    async def add_file(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        file = ("a.pdf", b"%PDF-1.7")
        path = f"/v1/obligations/{row['obligation_id']}/files"
        return await self.api.client.post(path, files={"file": file})

    async def take_back_evidence(self) -> httpx.Response:
        added = (await self.add_evidence()).json()["evidence"][-1]
        return await self.post(f"/v1/evidence/{added['evidence_id']}/take-back", {"note": "有误"})

    async def set_joint(self) -> httpx.Response:
        return await self.post(f"{self.plan}/joint", {"joint": "lead"})

    async def withdraw_measure(self) -> httpx.Response:
        return await self.post(f"{self.plan}/measures/1.1/withdraw", {"note": "重复"})

    async def withdraw_plan(self) -> httpx.Response:
        return await self.post(f"{self.plan}/withdraw", {"note": "文件已废止"})

    async def delete_draft(self) -> httpx.Response:
        draft = await self.upload("/v1/plans", HEAD + DOUBTFUL)
        return await self.api.client.delete(f"/v1/plans/{draft.json()['plan_id']}")

    async def revise(self) -> httpx.Response:
        answer = await self.upload(f"{self.plan}/revisions", HEAD + LATER + HEARING + DOUBTFUL)
        self.revision = f"{self.plan}/revisions/{answer.json()['revision_id']}"
        return answer

    async def pair(self) -> httpx.Response:
        return await self.post(f"{self.revision}/pairs", {"ref": "1.1", "with": "1.1"})

    async def confirm(self) -> httpx.Response:
        return await self.post(f"{self.revision}/confirm", {})

    async def rules(self) -> httpx.Response:
        body = make_default_rule_book().model_dump(mode="json")
        del body["version"]
        return await self.post("/v1/rule-books", body)

    async def draft_rules(self) -> httpx.Response:
        text = f"rules: []  # {next(self.numbers)}"
        answer = await self.post("/v1/rule-drafts", {"text": text})
        self.draft = f"/v1/rule-drafts/{answer.json()['draft_id']}"
        return answer

    async def change_draft(self) -> httpx.Response:
        await self.draft_rules()
        return await self.api.client.put(self.draft, json={"version": 1, "text": "rules: []"})

    async def discard_draft(self) -> httpx.Response:
        await self.draft_rules()
        return await self.api.client.delete(self.draft)

    async def allow_all_rules(self) -> None:
        """From now on no book needs a second person."""
        path = "/v1/office/settings"
        version = (await self.api.client.get(path)).json()["version"]
        body = {"version": version, "rule_approval_share": 100}
        assert (await self.api.client.put(path, json=body)).is_success

    async def publish_draft(self) -> httpx.Response:
        await self.allow_all_rules()
        await self.draft_rules()
        return await self.post(f"{self.draft}/publish", {"version": 1})

    async def approve_draft(self) -> httpx.Response:
        await self.draft_rules()
        if self.approver is None:
            self.approver = (await join(self.api, "审批人", "approver")).client
        return await self.approver.post(f"{self.draft}/approve", json={"version": 1})

    async def roll_back(self) -> httpx.Response:
        await self.allow_all_rules()
        return await self.post("/v1/rule-books/1/roll-back", {})

    async def calendar(self) -> httpx.Response:
        return await self.post("/v1/calendars", {"days": {"2023-06-24": True}})

    async def own_day(self) -> httpx.Response:
        return await self.post("/v1/calendars/own-days", {"days": {"2023-06-25": True}})

    async def import_notice(self) -> httpx.Response:
        text = "2027年部分节假日安排\n一、元旦：1月1日（周五）至3日（周日）放假，共3天。"
        return await self.post("/v1/calendars/draft", {"text": text})

    async def publish_notice(self) -> httpx.Response:
        draft = (await self.api.client.get("/v1/calendars/draft")).json()
        body = {"draft_id": draft["draft_id"], "accept_doubts": True}
        return await self.post("/v1/calendars/draft/publish", body)

    async def discard_notice(self) -> httpx.Response:
        await self.import_notice()
        return await self.api.client.delete("/v1/calendars/draft")

    async def issue(self) -> httpx.Response:
        answer = await self.post("/v1/tokens", {"name": "科室", "scopes": ["read"]})
        self.token = answer.json()["token_id"]
        return answer

    async def revoke(self) -> httpx.Response:
        return await self.api.client.delete(f"/v1/tokens/{self.token}")

    async def feed(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        return await self.post(f"/v1/units/{row['unit_id']}/feed", {})

    async def office_settings(self) -> httpx.Response:
        path = "/v1/office/settings"
        version = (await self.api.client.get(path)).json()["version"]
        return await self.api.client.put(path, json={"version": version, "rate_limit": 3})

    async def save_view(self) -> httpx.Response:
        return await self.post("/v1/ledger/views", {"name": "超期", "query": "light=red"})

    async def remove_view(self) -> httpx.Response:
        view = (await self.save_view()).json()
        return await self.api.client.delete(f"/v1/ledger/views/{view['view_id']}")

    async def end_feed(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        return await self.api.client.delete(f"/v1/units/{row['unit_id']}/feed")

    async def propose(self) -> httpx.Response:
        row = (await self.api.list_ledger())[0]
        unit = await self.api.open_as("read", "report", unit_id=row["unit_id"])
        name = f"联络员{next(self.numbers)}"
        body = {"post": "liaison", "name": name, "email": "new@finance.example", "note": "换人"}
        return await unit.post(f"/v1/units/{row['unit_id']}/contact-proposals", json=body)

    async def decide_proposal(self, how: str) -> httpx.Response:
        proposal_id = (await self.propose()).json()["proposal_id"]
        return await self.post(f"/v1/contact-proposals/{proposal_id}/{how}", {"note": "已核实"})

    async def mute(self) -> httpx.Response:
        unit_id = (await self.unit()).rpartition("/")[2]
        body = {"unit_id": unit_id, "until": "2023-12-31", "reason": "交接"}
        return await self.post("/v1/mutes", body)

    async def end_mute(self) -> httpx.Response:
        mute_id = (await self.mute()).json()["mute_id"]
        return await self.post(f"/v1/mutes/{mute_id}/end", {"reason": "交接完成"})

    async def receipt(self) -> httpx.Response:
        body = {"gateway": "sms", "gateway_message_id": "m-1", "state": "delivered"}
        return await self.post("/v1/receipts", body)


WAYS: dict[tuple[str, str], Callable[[Desk], Awaitable[httpx.Response]]] = {
    ("POST", "/v1/units/import"): Desk.units,
    ("POST", "/v1/plans"): Desk.import_plan,
    ("POST", "/v1/plans/{plan_id}/settlements"): Desk.settle,
    ("POST", "/v1/plans/{plan_id}/details"): Desk.details,
    ("POST", "/v1/plans/{plan_id}/names"): Desk.decide,
    ("POST", "/v1/plans/{plan_id}/publish"): Desk.publish,
    ("POST", "/v1/obligations/{obligation_id}/status"): Desk.report,
    ("POST", "/v1/obligations/{obligation_id}/extensions"): Desk.extend,
    ("POST", "/v1/units/{unit_id}/hearings"): Desk.hear,
    ("POST", "/v1/hearings/{hearing_id}/take-back"): Desk.take_back_hearing,
    **{
        ("POST", f"/v1/obligations/{{obligation_id}}/{action}"): partial(Desk.act, action=action)
        for action in ("accept", "progress", "submit", "return", "complete", "object")
    },
    ("POST", "/v1/obligations/{obligation_id}/extend"): partial(
        Desk.act, action="extend", due_on="2024-05-31", confirm=True
    ),
    ("POST", "/v1/obligations/{obligation_id}/withdraw"): Desk.withdraw,
    ("POST", "/v1/obligations/{obligation_id}/reopen"): Desk.reopen,
    ("POST", "/v1/obligations/{obligation_id}/take-back"): Desk.take_back,
    **{
        ("POST", f"/v1/extensions/{{extension_id}}/{how}"): partial(Desk.decide_extension, how=how)
        for how in ("grant", "refuse", "withdraw")
    },
    ("POST", "/v1/extensions/{extension_id}/correct"): partial(Desk.change_granted, how="correct"),
    ("POST", "/v1/extensions/{extension_id}/take-back"): partial(
        Desk.change_granted, how="take-back"
    ),
    **{
        ("POST", f"/v1/objections/{{objection_id}}/{how}"): partial(Desk.decide_objection, how=how)
        for how in ("reject", "withdraw", "uphold")
    },
    ("POST", "/v1/obligations/{obligation_id}/evidence"): Desk.add_evidence,
    ("POST", "/v1/obligations/{obligation_id}/files"): Desk.add_file,
    ("POST", "/v1/evidence/{evidence_id}/take-back"): Desk.take_back_evidence,
    ("POST", "/v1/plans/{plan_id}/joint"): Desk.set_joint,
    ("POST", "/v1/plans/{plan_id}/measures/{ref}/withdraw"): Desk.withdraw_measure,
    ("DELETE", "/v1/plans/{plan_id}"): Desk.delete_draft,
    ("POST", "/v1/plans/{plan_id}/revisions"): Desk.revise,
    ("POST", "/v1/plans/{plan_id}/revisions/{revision_id}/pairs"): Desk.pair,
    ("POST", "/v1/plans/{plan_id}/revisions/{revision_id}/confirm"): Desk.confirm,
    ("POST", "/v1/units/{unit_id}/feed"): Desk.feed,
    ("DELETE", "/v1/units/{unit_id}/feed"): Desk.end_feed,
    ("POST", "/v1/units/{unit_id}/contact-proposals"): Desk.propose,
    **{
        ("POST", f"/v1/contact-proposals/{{proposal_id}}/{how}"): partial(
            Desk.decide_proposal, how=how
        )
        for how in ("accept", "decline", "withdraw")
    },
    ("PUT", "/v1/office/settings"): Desk.office_settings,
    ("POST", "/v1/rule-books"): Desk.rules,
    ("POST", "/v1/rule-books/{version}/roll-back"): Desk.roll_back,
    ("POST", "/v1/rule-drafts"): Desk.draft_rules,
    ("PUT", "/v1/rule-drafts/{draft_id}"): Desk.change_draft,
    ("DELETE", "/v1/rule-drafts/{draft_id}"): Desk.discard_draft,
    ("POST", "/v1/rule-drafts/{draft_id}/publish"): Desk.publish_draft,
    ("POST", "/v1/rule-drafts/{draft_id}/approve"): Desk.approve_draft,
    ("POST", "/v1/calendars"): Desk.calendar,
    ("POST", "/v1/calendars/own-days"): Desk.own_day,
    ("POST", "/v1/calendars/draft"): Desk.import_notice,
    ("POST", "/v1/calendars/draft/publish"): Desk.publish_notice,
    ("DELETE", "/v1/calendars/draft"): Desk.discard_notice,
    ("POST", "/v1/mutes"): Desk.mute,
    ("POST", "/v1/mutes/{mute_id}/end"): Desk.end_mute,
    ("POST", "/v1/tokens"): Desk.issue,
    ("DELETE", "/v1/tokens/{token_id}"): Desk.revoke,
    ("POST", "/v1/receipts"): Desk.receipt,
    ("POST", "/v1/ledger/views"): Desk.save_view,
    ("DELETE", "/v1/ledger/views/{view_id}"): Desk.remove_view,
    ("POST", "/v1/units/{unit_id}/contacts"): Desk.take_over,
    ("POST", "/v1/units/{unit_id}/rename"): Desk.rename,
    ("POST", "/v1/units/{unit_id}/aliases"): Desk.aliases,
    ("POST", "/v1/units/{unit_id}/retire"): Desk.retire,
    ("POST", "/v1/plans/{plan_id}/withdraw"): Desk.withdraw_plan,
    ("POST", "/v1/plans/{plan_id}/directory-changes"): Desk.decide_members,
}


READING = {("POST", "/v1/rule-books/forecast")}
"""They change nothing."""
OF_PROVIDERS = {("POST", "/v1/sessions/openid"), ("POST", "/v1/sessions/openid/finish")}
"""The first changes nothing yet; `test_openid` has the entry of the second."""


async def test_every_way_to_change_something_leaves_an_entry(api):
    app = create_application(ApiContext(api.engine, api.clock, api.settings, read_plan_with_source))
    changing = {
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method in operations
        if method != "get"
    }
    assert changing == set(WAYS) | set(OF_PEOPLE) | OF_PROVIDERS | set(OF_LINKS) | READING
    desk = Desk(api)
    for way, change in WAYS.items():
        before = (await api.fetch_rows("SELECT count(*) AS n FROM ingest.journal"))[0].n
        answer = await change(desk)
        assert answer.is_success, (way, answer.text)
        entries = await api.fetch_rows(
            "SELECT * FROM ingest.journal ORDER BY id OFFSET :before", before=before
        )
        assert entries, way
        for entry in entries:
            # A unit asks, with a token that the command line issued.
            assert entry.actor in {"office", "other", "command line", "审批人"}
            assert entry.at == api.clock.now()
            assert entry.after != entry.before, way
    proof = (await api.client.get("/v1/audit/verify")).json()
    assert proof["broken"] is None


async def test_the_office_and_its_first_token_and_rules_are_in_it_too(api):
    entries = (await api.client.get("/v1/journal")).json()["items"]
    actions = [entry["action"] for entry in entries]
    assert actions == ["office.created", "rule-book.published", "token.issued"]
    assert {entry["actor"] for entry in entries} == {"command line"}


async def test_what_changes_nothing_leaves_no_entry(api):
    await api.import_units()
    token = (await api.client.post("/v1/tokens", json={"name": "x", "scopes": ["read"]})).json()
    await api.client.delete(f"/v1/tokens/{token['token_id']}")
    before = (await api.client.get("/v1/audit/verify")).json()
    assert (await api.import_units()).json()["unchanged"] == 3
    assert (await api.client.delete(f"/v1/tokens/{token['token_id']}")).status_code == 204
    assert (await api.client.get("/v1/audit/verify")).json() == before
