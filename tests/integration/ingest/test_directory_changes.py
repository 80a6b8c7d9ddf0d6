"""The directory as it changes: previewed, renamed, retired, and who takes over a post."""

from datetime import timedelta

import pytest

from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.directory_requests import CHANGED, post, sent, told, unit

pytestmark = pytest.mark.integration


async def journalled(api, action):
    return await api.fetch_rows(
        "SELECT actor, before, after FROM ingest.journal WHERE action = :action ORDER BY id",
        action=action,
    )


async def test_a_renamed_unit_stays_the_same_and_its_old_name_still_means_it(api):
    plan = await api.publish_plan()
    before = await unit(api, "县财政局")
    owed = await api.list_ledger(unit_id=before["unit_id"])
    after = await post(api, before, "rename", {"name": "县财政和国资局"})
    assert (after["unit_id"], after["number"]) == (before["unit_id"], 2)
    assert after["aliases"] == ["县财政局"]
    now_owed = await api.list_ledger(unit_id=before["unit_id"])
    assert [row["obligation_id"] for row in now_owed] == [row["obligation_id"] for row in owed]
    assert {row["unit"] for row in now_owed} == {"县财政和国资局"}
    shown = (await api.client.get(f"/v1/plans/{plan['plan_id']}")).json()
    assert "县财政局" not in [one["name"] for one in shown["unknown_names"]]
    assert (await told(api))[-1]["name"] == "县财政和国资局"
    (entry,) = await journalled(api, "unit.renamed")
    assert (entry.before["name"], entry.after["name"]) == ("县财政局", "县财政和国资局")
    found = await sent(api, "单位名称\n县财政局\n", preview=True)
    assert (found["unchanged"], found["created"]) == (1, 0)
    assert await post(api, after, "rename", {"name": "县财政和国资局"}) == after
    back = await post(api, after, "rename", {"name": "县财政局"})
    assert back["aliases"] == ["县财政和国资局"]


async def test_a_name_that_means_another_unit_is_refused(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    for name in ("县发展和改革局", "县发改局", "县 发改局"):
        problem = await post(api, finance, "rename", {"name": name}, 409)
        assert "县发展和改革局" in problem["detail"]
    for name in ("", " ", "a\x00b", "长" * 101):
        await post(api, finance, "rename", {"name": name}, 422)
    assert await unit(api, "县财政局") == finance


async def test_who_takes_over_at_once_is_told_and_journalled_once(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    new = {"post": "liaison", "name": "李四", "email": "lisi@yanting.example"}
    for _ in range(2):
        after = await post(api, finance, "contacts", new)
    (contact,) = after["contacts"]
    assert (contact["email"], contact["mobile"]) == ("lisi@yanting.example", "")
    assert contact["contact_id"] == finance["contacts"][0]["contact_id"]
    assert after["number"] == 2
    assert [event["number"] for event in await told(api) if event["name"] == "县财政局"] == [1, 2]
    (entry,) = await journalled(api, "unit.contact-replaced")
    assert entry.before["contacts"][0]["email"] == "czj@yanting.example"
    assert entry.after["contacts"][0]["email"] == "lisi@yanting.example"


async def test_who_takes_over_later_follows_who_holds_the_post(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    first = NOW.date() + timedelta(days=30)
    new = {"post": "liaison", "mobile": "139 1111 2222", "valid_from": first.isoformat()}
    contacts = (await post(api, finance, "contacts", new))["contacts"]
    last = (first - timedelta(days=1)).isoformat()
    assert [(c["mobile"], c["valid_from"], c["valid_to"]) for c in contacts] == [
        ("13800000001", None, last),
        ("13911112222", first.isoformat(), None),
    ]
    (event,) = (await told(api))[-1:]
    assert [c["valid_to"] for c in event["contacts"]] == [last, None]
    answer = await api.import_units()
    assert answer.json()["changed"] == 0, "the file's person is the one who holds it now"


@pytest.mark.parametrize(
    "wrong",
    [
        {"post": "liaison"},
        {"post": "liaison", "email": "no address"},
        {"post": "liaison", "mobile": "0816-7222222"},
        {"post": "liaison", "mobile": "13800000001", "name": "a\nb\x00"},
        {"post": "boss", "mobile": "13800000001"},
        {
            "post": "liaison",
            "mobile": "13800000001",
            "valid_from": "2023-09-02",
            "valid_to": "2023-09-01",
        },
    ],
)
async def test_a_contact_that_cannot_be_is_refused_and_changes_nothing(api, wrong):
    await api.import_units()
    finance = await unit(api, "县财政局")
    await post(api, finance, "contacts", wrong, 422)
    assert await unit(api, "县财政局") == finance


async def test_a_retired_unit_owes_nothing_new_and_what_it_owes_stays(api):
    plan = await api.publish_plan()
    finance = await unit(api, "县财政局")
    owed = await api.list_ledger(unit_id=finance["unit_id"])
    after = await post(api, finance, "retire", {"reason": "并入县发展和改革局"})
    assert after["retired_why"] == "并入县发展和改革局"
    assert await api.list_ledger(unit_id=finance["unit_id"]) == owed
    shown = (await api.client.get(f"/v1/plans/{plan['plan_id']}")).json()
    assert "县财政局" in [one["name"] for one in shown["unknown_names"]]
    again = await api.client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})
    assert again.json()["obligations"] == 0
    (entry,) = await journalled(api, "unit.retired")
    assert entry.after["reason"] == "并入县发展和改革局"
    await post(api, finance, "retire", {"reason": "x"}, 409)
    answer = await api.import_units()
    assert answer.status_code == 422
    assert "并入县发展和改革局" in answer.json()["errors"][0]["message"]


async def test_a_retired_units_name_may_pass_to_who_takes_over(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    await post(api, finance, "retire", {"reason": "并入"})
    taken = await api.import_units("单位名称,别名\n县发展和改革局,县发改局、县财政局\n")
    assert taken.status_code == 200, taken.text
    await post(api, finance, "retire", {"reason": "误", "undo": True}, 409)
    await api.import_units("单位名称,别名\n县发展和改革局,县发改局\n")
    assert (await post(api, finance, "retire", {"reason": "误", "undo": True}))[
        "retired_at"
    ] is None


async def test_only_who_manages_changes_the_directory(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    reader = await api.open_as("read", "report", unit_id=finance["unit_id"])
    for action, body in (
        ("contacts", {"post": "liaison", "email": "a@b.example"}),
        ("rename", {"name": "x"}),
        ("retire", {"reason": "x"}),
    ):
        answer = await reader.post(f"/v1/units/{finance['unit_id']}/{action}", json=body)
        assert answer.status_code == 403
    preview = await reader.post(
        "/v1/units/import", params={"preview": True}, files={"file": ("u.csv", CHANGED)}
    )
    assert preview.status_code == 403
