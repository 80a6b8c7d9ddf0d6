"""Whatever changes state leaves an entry: who, when, and what it was before and after."""

from collections.abc import Awaitable, Callable
from functools import partial

import httpx
import pytest

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.extraction.plans.reading import read_plan_with_source
from shared.rules.defaults import make_default_rule_book
from tests.integration.ingest.changing_obligations import ObligationDesk
from tests.integration.ingest.people import join
from tests.integration.ingest.test_journal_of_people import WAYS as OF_PEOPLE
from tests.integration.ingest.test_links import WAYS as OF_LINKS

pytestmark = pytest.mark.integration


class Desk(ObligationDesk):
    """One request for each way to change something, in an order that works."""

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

    async def publish_template(self) -> httpx.Response:
        body = {"version": 0, "parts": {"text": "{{ message }}"}}
        return await self.post("/v1/templates/digest-sms/standard", body)

    async def roll_back_template(self) -> httpx.Response:
        body = {"version": 1, "to": 0}
        return await self.post("/v1/templates/digest-sms/standard/roll-back", body)

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

    async def hold(self) -> httpx.Response:
        gateway = f"sms-{next(self.numbers)}"
        body = {"gateway": gateway, "channel": "sms", "reason": "维护"}
        return await self.post("/v1/holds", body)

    async def release_hold(self) -> httpx.Response:
        hold_id = (await self.hold()).json()["hold_id"]
        return await self.post(f"/v1/holds/{hold_id}/release", {"reason": "维护完成"})

    async def receipt(self) -> httpx.Response:
        body = {"gateway": "sms", "gateway_message_id": "m-1", "state": "delivered"}
        return await self.post("/v1/receipts", body)

    async def make_address(self) -> httpx.Response:
        answer = await self.post("/v1/receipt-addresses", {"gateway": "mas"})
        self.receipts = answer.json()["path"]
        return answer

    async def push(self) -> httpx.Response:
        return await self.post(self.receipts, [])

    async def end_address(self) -> httpx.Response:
        return await self.api.client.delete("/v1/receipt-addresses/mas")


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
    ("POST", "/v1/templates/{kind}/{name}"): Desk.publish_template,
    ("POST", "/v1/templates/{kind}/{name}/roll-back"): Desk.roll_back_template,
    ("POST", "/v1/calendars"): Desk.calendar,
    ("POST", "/v1/calendars/own-days"): Desk.own_day,
    ("POST", "/v1/calendars/draft"): Desk.import_notice,
    ("POST", "/v1/calendars/draft/publish"): Desk.publish_notice,
    ("DELETE", "/v1/calendars/draft"): Desk.discard_notice,
    ("POST", "/v1/mutes"): Desk.mute,
    ("POST", "/v1/mutes/{mute_id}/end"): Desk.end_mute,
    ("POST", "/v1/holds"): Desk.hold,
    ("POST", "/v1/holds/{hold_id}/release"): Desk.release_hold,
    ("POST", "/v1/tokens"): Desk.issue,
    ("DELETE", "/v1/tokens/{token_id}"): Desk.revoke,
    **{
        ("POST", f"/v1/messages/{{notification_id}}/{how}"): partial(Desk.message, how=how)
        for how in ("resend", "cancel", "release")
    },
    ("POST", "/v1/messages/{notification_id}/address"): Desk.readdress,
    ("POST", "/v1/messages/actions"): Desk.messages,
    ("POST", "/v1/gateway-tests"): Desk.gateway_test,
    **{
        ("POST", f"/v1/dead-letters/{{letter_id}}/{how}"): partial(Desk.dead_letter, how=how)
        for how in ("replay", "discard")
    },
    ("POST", "/v1/replies/{reply_id}/settle"): Desk.settle_reply,
    ("POST", "/v1/receipts"): Desk.receipt,
    ("POST", "/v1/receipt-addresses"): Desk.make_address,
    ("POST", "/v1/receipts/{gateway}/{secret}"): Desk.push,
    ("DELETE", "/v1/receipt-addresses/{gateway}"): Desk.end_address,
    ("POST", "/v1/ledger/views"): Desk.save_view,
    ("DELETE", "/v1/ledger/views/{view_id}"): Desk.remove_view,
    ("POST", "/v1/units/{unit_id}/contacts"): Desk.take_over,
    ("POST", "/v1/units/{unit_id}/rename"): Desk.rename,
    ("POST", "/v1/units/{unit_id}/aliases"): Desk.aliases,
    ("POST", "/v1/units/{unit_id}/retire"): Desk.retire,
    ("POST", "/v1/plans/{plan_id}/withdraw"): Desk.withdraw_plan,
    ("POST", "/v1/plans/{plan_id}/directory-changes"): Desk.decide_members,
}


READING = {("POST", "/v1/rule-books/forecast"), ("POST", "/v1/templates/preview")}
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
            assert entry.actor in {"office", "other", "command line", "审批人", "gateway mas"}
            assert entry.at == api.clock.now()
            assert entry.after != entry.before, way
    assert (await api.client.get("/v1/audit/verify")).json()["broken"] is None


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
