"""A unit proposes who holds a post; nothing changes until the office accepts it."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.ingest.commands import serve_command

pytestmark = pytest.mark.integration
PERSON = {
    "post": "liaison",
    "name": "李四",
    "email": "lisi@yanting.example",
    "mobile": "13900000009",
}


class Desk:
    """The office, and two units with a token each."""

    def __init__(self, api: Any, units: dict[str, str]) -> None:
        self.api, self.unit_id, self.other_id = api, units["县财政局"], units["凤灵街道"]

    async def open_unit(self) -> Any:
        return await self.api.open_as("read", "report", unit_id=self.unit_id)

    async def propose(self, client: Any, **changed: Any) -> Any:
        self.api.clock.instant += timedelta(minutes=1)
        path = f"/v1/units/{self.unit_id}/contact-proposals"
        return await client.post(path, json=PERSON | {"note": "手机号已更换"} | changed)

    async def decide(self, proposal: Any, how: str, client: Any = None, **body: Any) -> Any:
        path = f"/v1/contact-proposals/{proposal['proposal_id']}/{how}"
        return await (client or self.api.client).post(path, json=body)

    async def list_proposals(self, client: Any = None, **query: Any) -> list[dict[str, Any]]:
        answer = await (client or self.api.client).get("/v1/contact-proposals", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def list_contacts(self) -> list[dict[str, Any]]:
        unit = (await self.api.client.get(f"/v1/units/{self.unit_id}")).json()
        return list(unit["contacts"])

    async def count_waiting(self) -> int:
        return int((await self.api.client.get("/v1/waiting")).json()["contact_proposals"])

    async def list_entries(self, action: str) -> list[dict[str, Any]]:
        answer = await self.api.client.get("/v1/journal", params={"action": action})
        return list(answer.json()["items"])


@pytest.fixture
async def desk(api: Any) -> Desk:
    await api.import_units()
    units = (await api.client.get("/v1/units")).json()["items"]
    return Desk(api, {unit["name"]: unit["unit_id"] for unit in units})


async def test_an_accepted_correction_changes_the_directory_and_is_told(desk: Desk) -> None:
    unit = await desk.open_unit()
    before = await desk.list_contacts()
    made = await desk.propose(unit, mobile=" 139 0000 0009 ")
    assert made.status_code == 201, made.text
    proposal = made.json()
    assert {name: proposal[name] for name in PERSON} == PERSON, "the number is normalised"
    assert (proposal["state"], proposal["unit"]) == ("pending", "县财政局")
    assert proposal["present"] == {"name": "", "email": "czj@yanting.example"} | {
        "mobile": "13800000001"
    }
    assert await desk.list_contacts() == before, "it is only proposed"
    assert await desk.count_waiting() == 1
    accepted = await desk.decide(proposal, "accept", note="已电话核实")
    assert accepted.status_code == 200, accepted.text
    shown = accepted.json()
    assert (shown["state"], shown["decision"], shown["decided_by"]) == (
        *("accepted", "已电话核实", "office"),
    )
    assert shown["present"] == {name: PERSON[name] for name in ("name", "email", "mobile")}
    assert await desk.list_contacts() == [before[0] | shown["present"]]
    assert await desk.count_waiting() == 0
    (entry,) = await desk.list_entries("contact-proposal.accepted")
    assert (entry["after"]["reason"], entry["after"]["note"]) == ("手机号已更换", "已电话核实")
    (changed,) = await desk.list_entries("unit.contact-corrected")
    assert changed["after"]["contacts"][0]["mobile"] == "13900000009"
    told = await desk.api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox ORDER BY id DESC"
    )
    assert told[0].event["contacts"][0]["email"] == "lisi@yanting.example"


async def test_a_declined_one_changes_nothing_and_says_why(desk: Desk) -> None:
    unit = await desk.open_unit()
    before = await desk.list_contacts()
    proposal = (await desk.propose(unit)).json()
    assert (await desk.decide(proposal, "decline")).status_code == 422
    declined = await desk.decide(proposal, "decline", note="请由办公室主任确认")
    assert declined.json()["state"] == "declined"
    assert await desk.list_contacts() == before
    (own,) = await desk.list_proposals(unit)
    assert own["decision"] == "请由办公室主任确认"
    for how in ("accept", "decline", "withdraw"):
        again = await desk.decide(proposal, how, note="x")
        assert (again.status_code, "declined" in again.json()["detail"]) == (409, True), how


async def test_one_proposal_is_open_for_each_post(desk: Desk) -> None:
    unit = await desk.open_unit()
    first = (await desk.propose(unit)).json()
    second = (await desk.propose(unit, mobile="13900000010")).json()
    deputy = (await desk.propose(unit, post="deputy")).json()
    assert deputy["present"] is None
    assert [each["proposal_id"] for each in await desk.list_proposals(state="pending")] == [
        *(second["proposal_id"], deputy["proposal_id"])
    ]
    (gone,) = await desk.list_proposals(state="withdrawn")
    assert gone["proposal_id"] == first["proposal_id"]
    assert await desk.count_waiting() == 2
    assert (await desk.decide(second, "withdraw", unit)).json()["state"] == "withdrawn"
    assert await desk.count_waiting() == 1
    assert (await desk.decide(deputy, "accept")).status_code == 200
    assert [each["post"] for each in await desk.list_contacts()] == ["liaison", "deputy"]


async def test_what_follows_in_the_post_stays(desk: Desk) -> None:
    unit, today = await desk.open_unit(), date(2023, 6, 1)
    planned = {"post": "liaison", "email": "next@yanting.example"}
    planned["valid_from"] = (today + timedelta(days=30)).isoformat()
    path = f"/v1/units/{desk.unit_id}/contacts"
    assert (await desk.api.client.post(path, json=planned)).is_success
    await desk.decide((await desk.propose(unit)).json(), "accept")
    held = [
        (each["email"], each["valid_from"], each["valid_to"]) for each in await desk.list_contacts()
    ]
    assert held == [
        ("lisi@yanting.example", None, "2023-06-30"),
        ("next@yanting.example", "2023-07-01", None),
    ]


async def test_what_is_no_correction_is_refused(desk: Desk) -> None:
    unit = await desk.open_unit()
    (same,) = await desk.list_contacts()
    known = {name: same[name] for name in ("name", "email", "mobile")}
    assert (await desk.propose(unit, **known)).status_code == 409
    wrong = await desk.propose(unit, email="lisi", mobile="12345")
    assert wrong.status_code == 422
    assert {each["where"] for each in wrong.json()["errors"]} == {"email", "mobile"}
    assert (await desk.propose(unit, email="", mobile="")).status_code == 422
    retired = f"/v1/units/{desk.unit_id}/retire"
    proposal = (await desk.propose(unit)).json()
    assert (await desk.api.client.post(retired, json={"reason": "机构合并"})).is_success
    assert (await desk.propose(unit)).status_code == 409
    late = await desk.decide(proposal, "accept")
    assert (late.status_code, "retired" in late.json()["detail"]) == (409, True)
    assert await desk.list_contacts() == [same]


async def test_a_unit_sees_and_withdraws_its_own_alone(desk: Desk) -> None:
    unit = await desk.open_unit()
    other = await desk.api.open_as("read", "report", unit_id=desk.other_id)
    proposal = (await desk.propose(unit)).json()
    assert (await desk.propose(other)).status_code == 404
    assert await desk.list_proposals(other) == []
    path = f"/v1/contact-proposals/{proposal['proposal_id']}"
    assert (await unit.get(path)).json() == proposal
    assert (await other.get(path)).status_code == 404
    assert (await desk.decide(proposal, "withdraw", other)).status_code == 404
    for how in ("accept", "decline"):
        assert (await desk.decide(proposal, how, unit, note="x")).status_code == 403
    assert [each["state"] for each in await desk.list_proposals(unit)] == ["pending"]


async def test_the_list_comes_in_pages_the_oldest_first(desk: Desk) -> None:
    unit = await desk.open_unit()
    proposed = [await desk.propose(unit, post=post) for post in ("liaison", "deputy", "head")]
    made = [answer.json()["proposal_id"] for answer in proposed]
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await desk.api.client.get("/v1/contact-proposals", params=query)).json()
        seen += [each["proposal_id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made


async def test_the_command_lists_accepts_and_declines(
    desk: Desk, monkeypatch: Any, capsys: Any
) -> None:
    unit = await desk.open_unit()
    first = (await desk.propose(unit)).json()["proposal_id"]
    second = (await desk.propose(unit, post="deputy")).json()["proposal_id"]
    async with serve_command(desk.api, monkeypatch, capsys) as command:
        listed = await command("proposals", "list", "--json")
        assert [each["proposal_id"] for each in listed.json] == [first, second], listed.err
        assert "手机号已更换" in (await command("proposals", "list")).out
        accepted = await command("proposals", "accept", first, "--note", "已核实")
        assert (accepted.status, "accepted" in accepted.out) == (0, True), accepted.err
        declined = await command("proposals", "decline", second, "--reason", "未核实")
        assert "(nobody)" in declined.out, declined.err
        assert (await command("proposals", "list", "--json")).json == []
        states = [
            each["state"] for each in (await command("proposals", "list", "--all", "--json")).json
        ]
        assert states == ["accepted", "declined"]
    assert [each["name"] for each in await desk.list_contacts()] == ["李四"]
