"""What a session that a link opened reads and does: all that the unit's own page shows."""

from typing import Any

import httpx
import pytest

from services.ingest.api.endpoint_permissions import ENDPOINTS
from services.ingest.api.permissions import Permission
from tests.integration.ingest.portal import Portal, make_portal
from tests.integration.ingest.test_access import endpoints

pytestmark = pytest.mark.integration
OF_A_UNIT = {Permission.IDENTIFY, Permission.READ, Permission.ANSWER}
PDF = b"%PDF-1.7\n1 0 obj"


@pytest.fixture
async def portal(api: Any) -> Portal:
    return await make_portal(api)


@pytest.fixture
async def contact(portal: Portal) -> httpx.AsyncClient:
    """The client of a contact whom a link let in."""
    return await portal.enter()


async def read(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


async def send(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    answer = await client.post(path, json=body)
    assert answer.is_success, (path, answer.text)
    return answer.json()


async def test_it_reads_its_unit_its_office_and_who_it_is(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    unit = await read(contact, f"/v1/units/{portal.unit_id}")
    assert (unit["name"], unit["contacts"][0]["email"]) == ("县财政局", "czj@yanting.example")
    assert [each["name"] for each in (await read(contact, "/v1/units"))["items"]] == ["县财政局"]
    me = await read(contact, "/v1/me")
    assert (me["unit_id"], me["name"]) == (str(portal.unit_id), "县财政局 联络员")
    assert set(me["permissions"]) == {each.value for each in OF_A_UNIT}
    assert (await read(contact, "/v1/office"))["name"] == "盐亭县政务公开办"
    assert (await contact.get("/v1/calendars")).status_code == 200


async def test_it_reads_what_the_unit_owes_and_what_may_be_done_now(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    rows = (await read(contact, "/v1/ledger", sort="due_on", status="assigned"))["items"]
    assert {row["unit_id"] for row in rows} == {str(portal.unit_id)}
    path = f"/v1/obligations/{rows[0]['obligation_id']}"
    shown = await read(contact, path)
    assert shown["allowed"] == ["accept", "progress", "submit", "extend", "object"]
    assert (shown["version"], shown["last_answer"]) == (1, None)
    asked = {"version": 1, "due_on": "2023-11-30", "note": "系统迁移"}
    pending = await send(contact, f"{path}/extend", **asked)
    assert pending["extensions"][0]["state"] == "pending"
    assert pending["last_answer"]["actor"] == "县财政局 联络员"
    objected = await send(contact, f"{path}/object", version=2, note="非我局职责")
    assert objected["objections"][0]["state"] == "pending"
    assert objected["allowed"] == ["accept", "progress", "submit"]
    assert (await send(contact, f"{path}/take-back", version=3))["allowed"][-1] == "object"
    lines = await read(contact, f"{path}/timeline")
    assert [line["kind"] for line in lines] == [
        *("assigned", "extension-asked", "objection-raised", "objection-withdrawn")
    ]
    summary = (await read(contact, "/v1/ledger/summary"))["items"]
    assert [(each["unit"], each["open"]) for each in summary] == [("县财政局", 1)]
    counts = await read(contact, "/v1/ledger/counts")
    assert counts["total"] == 1


async def test_it_reads_the_messages_of_its_unit(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    history = await read(contact, f"/v1/units/{portal.unit_id}/history")
    assert history == {"items": [], "next_cursor": None}
    for path in ("history.xlsx", "history.csv"):
        assert (await contact.get(f"/v1/units/{portal.unit_id}/{path}")).status_code == 200
    there = await contact.get(f"/v1/units/{portal.other_unit}/history")
    assert there.status_code == 404


async def test_it_adds_reads_and_takes_back_evidence(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    row = (await read(contact, "/v1/ledger"))["items"][0]
    path = f"/v1/obligations/{row['obligation_id']}"
    uploaded = await contact.post(f"{path}/files", files={"file": ("公开截图.pdf", PDF)})
    assert uploaded.status_code == 200, uploaded.text
    shown = await send(contact, f"{path}/evidence", link="https://www.example.gov.cn/a.html")
    file, link = shown["evidence"]
    assert (file["name"], file["added_by"]) == ("公开截图.pdf", "县财政局 联络员")
    assert link["link"] == "https://www.example.gov.cn/a.html"
    at = f"/v1/evidence/{file['evidence_id']}"
    assert (await contact.get(f"{at}/file")).content == PDF
    other = await portal.api.open_as("read", "report", unit_id=portal.other_unit)
    assert (await other.get(f"{at}/file")).status_code == 404
    gone = await send(contact, f"{at}/take-back", note="上传有误")
    assert gone["evidence"][0]["removed_why"] == "上传有误"
    assert (await contact.get(f"{at}/file")).status_code == 404


async def test_it_makes_renews_and_ends_the_units_calendar(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    path = f"/v1/units/{portal.unit_id}/feed"
    made = await send(contact, path)
    assert (await read(contact, path))["made_by"] == "县财政局 联络员"
    assert "BEGIN:VEVENT" in (await portal.client.get(made["path"])).text
    renewed = await send(contact, path)
    assert (renewed["renewed"], (await portal.client.get(made["path"])).status_code) == (True, 404)
    assert (await contact.delete(path)).status_code == 204
    assert (await portal.client.get(renewed["path"])).status_code == 404
    there = f"/v1/units/{portal.other_unit}/feed"
    for method in ("GET", "POST", "DELETE"):
        assert (await contact.request(method, there)).status_code == 404, method


async def test_it_proposes_a_correction_which_ends_it_once_accepted(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    person = {"post": "liaison", "name": "李四", "email": "lisi@yanting.example"}
    made = await send(contact, f"/v1/units/{portal.unit_id}/contact-proposals", **person)
    assert made["proposed_by"] == "县财政局 联络员"
    (own,) = (await read(contact, "/v1/contact-proposals"))["items"]
    assert own["proposal_id"] == made["proposal_id"]
    await portal.post(f"/v1/contact-proposals/{made['proposal_id']}/accept", {"note": "已核实"})
    assert (await contact.get("/v1/ledger")).status_code == 401, "it went to the former address"


async def test_it_reaches_nothing_that_concerns_the_office_alone(
    portal: Portal, contact: httpx.AsyncClient
) -> None:
    ids = {"unit_id": portal.unit_id, "plan_id": portal.plan.rpartition("/")[2], "ref": "1.1"}
    seen = {}
    for endpoint in endpoints(portal.api.transport.app):
        needed = ENDPOINTS.get(endpoint)
        if needed is None or needed in OF_A_UNIT:
            continue
        method, _, path = endpoint.partition(" ")
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        unknown = "00000000-0000-0000-0000-000000000000"
        at = path.format(**{name: ids.get(name, unknown) for name in names})
        seen[endpoint] = (await contact.request(method, at, json={})).status_code
    assert len(seen) > 50
    assert {each: status for each, status in seen.items() if status != 403} == {}
