"""Statuses, hearings and extensions; the journal; whose token may do what."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

pytestmark = pytest.mark.integration


async def first(api, **query):
    return (await api.list_ledger(**query))[0]


async def test_a_status_raises_the_number_and_the_same_again_does_not(api):
    await api.publish_plan()
    item = await first(api)
    path = f"/v1/obligations/{item['obligation_id']}/status"
    done = (await api.client.post(path, json={"status": "done", "note": "已公开"})).json()
    assert (done["status"], done["light"], done["number"]) == ("done", "done", 2)
    again = (await api.client.post(path, json={"status": "done"})).json()
    assert again["number"] == 2
    reopened = (await api.client.post(path, json={"status": "open"})).json()
    assert (reopened["light"], reopened["number"]) == ("green", 3)
    told = await api.fetch_rows(
        "SELECT count(*) FROM ingest.outbox WHERE topic = 'cuiban.tasks.v1'"
    )
    assert told[0][0] == 3 + 2  # three units' lists, two changes


async def test_a_hearing_is_recorded_not_reported(api):
    await api.publish_plan()
    item = await first(api)
    hearing = next(row for row in await api.list_ledger() if row["kind"] == "hearing")
    path = f"/v1/obligations/{hearing['obligation_id']}/status"
    refused = await api.client.post(path, json={"status": "done"})
    assert refused.status_code == 409
    assert "hearings" in refused.json()["hint"]
    assert refused.headers["content-type"] == "application/problem+json"
    path = f"/v1/units/{item['unit_id']}/hearings"
    body = {"heard_on": "2023-05-18", "heard_by": "局长", "minutes": "纪要21号"}
    made = await api.client.post(path, json=body)
    assert made.status_code == 201
    assert [row["status"] for row in made.json()["obligations"]] == ["done"]
    again = (await api.client.post(path, json=body)).json()
    assert again == made.json()


@pytest.mark.parametrize(("day", "status"), [("2023-06-02", 422), ("2022-06-01", 409)])
async def test_a_hearing_lies_in_its_year_and_not_ahead(api, day, status):
    await api.publish_plan()
    item = await first(api)
    body = {"heard_on": day, "heard_by": "局长"}
    answer = await api.client.post(f"/v1/units/{item['unit_id']}/hearings", json=body)
    assert answer.status_code == status


async def test_a_duty_of_two_hearings_is_fulfilled_by_the_second(api):
    await api.import_units()
    plan = await api.import_plan()
    path = f"/v1/plans/{plan['plan_id']}"
    changed = {
        "ref": "16.2",
        "action": "change",
        "reason": "两次",
        "recurrence": {"per": "year", "at_least": 2},
    }
    assert (await api.client.post(f"{path}/settlements", json=changed)).status_code == 200
    await api.client.post(f"{path}/publish", json={})
    item = await first(api)
    statuses = []
    for day in ("2023-03-01", "2023-05-01"):
        body = {"heard_on": day, "heard_by": "局长"}
        answer = await api.client.post(f"/v1/units/{item['unit_id']}/hearings", json=body)
        statuses.append(answer.json()["obligations"][0]["status"])
    assert statuses == ["in-progress", "done"]


async def test_an_extension_moves_the_date_later_only(api):
    await api.publish_plan()
    item = await first(api)
    path = f"/v1/obligations/{item['obligation_id']}/extensions"
    earlier = await api.client.post(path, json={"due_on": "2023-12-31", "reason": "x"})
    assert earlier.status_code == 422
    body = {"due_on": "2024-01-31", "reason": "系统迁移"}
    assert (await api.client.post(path, json=body)).status_code == 409  # beyond the plan's year
    later = await api.client.post(path, json=body | {"confirm": True})
    assert (later.status_code, later.json()["due_on"], later.json()["number"]) == (
        201,
        "2024-01-31",
        2,
    )
    entry = (
        await api.fetch_rows("SELECT * FROM ingest.journal WHERE action = 'extension.granted'")
    )[0]
    assert (entry.actor, entry.before["due_on"], entry.after["reason"]) == (
        "office",
        "2023-12-31",
        "系统迁移",
    )


async def test_the_journal_is_only_appended_to(api):
    with pytest.raises(DBAPIError, match="only appended"):
        await api.fetch_rows("DELETE FROM ingest.journal")


async def test_a_units_token_sees_and_reports_for_its_unit_alone(api):
    await api.publish_plan()
    items = await api.list_ledger()
    own = items[0]
    foreign = next(row for row in items if row["unit_id"] != own["unit_id"])
    unit = await api.open_as("read", "report", unit_id=own["unit_id"])
    seen = (await unit.get("/v1/ledger", params={"limit": 500})).json()["items"]
    assert {row["unit_id"] for row in seen} == {own["unit_id"]}
    asked = await unit.get("/v1/ledger", params={"unit_id": foreign["unit_id"]})
    assert asked.status_code == 404
    units = (await unit.get("/v1/units")).json()["items"]
    assert [row["unit_id"] for row in units] == [own["unit_id"]]
    summary = (await unit.get("/v1/ledger/summary")).json()["items"]
    assert [row["unit_id"] for row in summary] == [own["unit_id"]]
    for path in (
        f"/v1/units/{foreign['unit_id']}",
        f"/v1/units/{foreign['unit_id']}/history",
    ):
        assert (await unit.get(path)).status_code == 404
    body = {"status": "done"}
    allowed = await unit.post(f"/v1/obligations/{own['obligation_id']}/status", json=body)
    refused = await unit.post(f"/v1/obligations/{foreign['obligation_id']}/status", json=body)
    assert (allowed.status_code, refused.status_code) == (200, 404)
    receipt = {"gateway": "sms", "gateway_message_id": "1", "state": "delivered"}
    assert (await unit.post("/v1/receipts", json=receipt)).status_code == 403


async def test_a_scope_is_needed_and_a_revoked_token_is_refused(api):
    reader = await api.open_as("read")
    assert (await reader.get("/v1/office")).json()["today"] == "2023-06-01"
    assert (await reader.get("/v1/tokens")).status_code == 403
    issued = (await api.client.post("/v1/tokens", json={"name": "OA", "scopes": ["read"]})).json()
    fresh = api.open(issued["token"])
    assert (await fresh.get("/v1/office")).status_code == 200
    gone = await api.client.delete(f"/v1/tokens/{issued['token_id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    refused = await fresh.get("/v1/office")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    listed = (await api.client.get("/v1/tokens")).text
    assert issued["token"] not in listed
    stored = await api.fetch_rows("SELECT t::text AS said FROM ingest.tokens t")
    assert not any(issued["token"] in row.said for row in stored)


async def test_the_summary_counts_by_light(api):
    await api.publish_plan()
    item = await first(api)
    await api.client.post(
        f"/v1/obligations/{item['obligation_id']}/status", json={"status": "done"}
    )
    rows = (await api.client.get("/v1/ledger/summary")).json()["items"]
    mine = next(row for row in rows if row["unit_id"] == item["unit_id"])
    assert (mine["done"], mine["open"] + 1, mine["near"], mine["overdue"]) == (
        1,
        mine["total"],
        0,
        0,
    )
    for light in ("green", "yellow", "red", "none", "done"):
        lit = await api.list_ledger(light=light)
        assert {row["light"] for row in lit} <= {light}


async def test_the_units_with_most_that_is_overdue_come_first(api):
    await api.publish_plan()
    api.clock.instant = datetime(2023, 12, 1, 2, tzinfo=UTC)
    item = await first(api, light="red")
    done = {"status": "done", "note": "已公开"}
    await api.client.post(f"/v1/obligations/{item['obligation_id']}/status", json=done)
    by_unit = (await api.client.get("/v1/ledger/summary?limit=500")).json()["items"]
    found, cursor = [], None
    while True:
        query = {"sort": "-overdue", "limit": 5} | ({"cursor": cursor} if cursor else {})
        page = (await api.client.get("/v1/ledger/summary", params=query)).json()
        found += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert found == sorted(by_unit, key=lambda row: (-row["overdue"], row["unit_id"]))
    assert len({row["overdue"] for row in found}) > 1


async def test_pages_of_the_ledger_hold_each_obligation_once(api):
    await api.publish_plan()
    whole = [row["obligation_id"] for row in await api.list_ledger()]
    found, cursor = [], None
    while True:
        query = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        part = (await api.client.get("/v1/ledger", params=query)).json()
        found += [row["obligation_id"] for row in part["items"]]
        cursor = part["next_cursor"]
        if cursor is None:
            break
    assert found == whole
