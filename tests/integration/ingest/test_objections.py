"""Objections over HTTP: upheld, rejected, and seen in an older version."""

import pytest

from tests.integration.ingest.life import kinds, send, show, take

pytestmark = pytest.mark.integration


async def test_an_upheld_objection_gives_the_duty_to_another_unit(api):
    obligation_id, unit = await take(api)
    item = await show(unit, obligation_id)
    owing = {row["unit_id"] for row in await api.list_ledger() if row["ref"] == item["ref"]}
    units = (await api.client.get("/v1/units")).json()["items"]
    other = next((row["unit_id"] for row in units if row["unit_id"] not in owing), None)
    if other is None:
        table = "单位名称\n县水利局\n"
        await api.import_units(table)
        units = (await api.client.get("/v1/units", params={"name": "县水利局"})).json()["items"]
        other = units[0]["unit_id"]
    raised = (await send(unit, obligation_id, "object", version=1, note="非我局职责")).json()
    assert raised["objections"][0]["state"] == "pending"
    assert "object" not in raised["allowed"]
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}"
    body = {"note": "属县水利局", "unit_id": other}
    assert (
        await api.client.post(f"{path}/uphold", json={"note": "x", "unit_id": item["unit_id"]})
    ).status_code == 409
    upheld = await api.client.post(f"{path}/uphold", json=body)
    assert (upheld.status_code, upheld.json()["status"]) == (200, "withdrawn")
    assert upheld.json()["allowed"] == ["reopen"]
    new = [row for row in await api.list_ledger(unit_id=other) if row["ref"] == item["ref"]]
    assert [(row["status"], row["due_on"]) for row in new] == [("assigned", "2023-12-31")]
    assert obligation_id not in {row["obligation_id"] for row in await api.list_ledger()}
    # No publication gives it back to the first unit, or takes it from the second.
    published = await api.client.post(f"/v1/plans/{item['plan_id']}/publish", json={})
    assert published.json()["obligations"] == 0
    assert await kinds(api.client, obligation_id) == ["assigned", "objection-raised", "withdrawn"]
    assert await kinds(api.client, new[0]["obligation_id"]) == ["assigned"]
    story = (await api.client.get(f"/v1/obligations/{obligation_id}/timeline")).json()
    assert story[-1]["text"] == f"撤回：异议成立，改派{new[0]['unit']}：属县水利局"
    story = (await api.client.get(f"/v1/obligations/{new[0]['obligation_id']}/timeline")).json()
    assert story[0]["text"] == f"交办：由{item['unit']}改派：属县水利局"


@pytest.mark.parametrize("how", ["uphold", "reject", "withdraw"])
async def test_who_decides_an_objection_hears_what_changed_since_he_saw_it(api, how):
    obligation_id, unit = await take(api)
    raised = (await send(unit, obligation_id, "object", version=1, note="非我局职责")).json()
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}/{how}"
    assert (await send(unit, obligation_id, "progress", version=2, note="已办")).status_code == 200
    stale = await api.client.post(path, json={"version": 2, "note": "已核"})
    assert (stale.status_code, "version 3" in stale.json()["detail"]) == (409, True)
    (change,) = stale.json()["errors"]
    assert change["message"] == "报告进展：已办"
    assert (await show(unit, obligation_id))["objections"][0]["state"] == "pending"
    body = {"version": 3, "note": "已核"}
    assert (await api.client.post(path, json=body)).status_code == 200
    again = (await api.client.post(path, json=body)).json()
    assert len(again["errors"]) == 1, "what the first one decided"


async def test_a_rejected_objection_leaves_it_owed(api):
    obligation_id, unit = await take(api)
    raised = (await send(unit, obligation_id, "object", version=1, note="非我局职责")).json()
    path = f"/v1/objections/{raised['objections'][0]['objection_id']}"
    rejected = (await api.client.post(f"{path}/reject", json={"note": "职责明确"})).json()
    assert (rejected["status"], "object" in rejected["allowed"]) == ("assigned", True)
    assert (await api.client.post(f"{path}/uphold", json={"note": "x"})).status_code == 409
