"""Posts of the lead unit and of the office hear: forecast, fired, audited and explained."""

from typing import Any

import pytest

from tests.integration.ingest.county import JOINT, County, at

pytestmark = pytest.mark.integration
PATH = "/v1/office/settings"
LATE = {
    "rule_id": "late",
    "when": [{"type": "while-overdue", "every_working_days": 1}],
    "who": [
        {"audience": "liaison"},
        {"audience": "deputy", "of": "lead-unit"},
        {"audience": "head", "of": "office"},
    ],
    "channels": ["email"],
}


async def name_own_unit(county: County, name: str | None) -> Any:
    units = (await county.api.client.get("/v1/units", params={"limit": 100})).json()["items"]
    ids = {unit["name"]: unit["unit_id"] for unit in units}
    present = (await county.api.client.get(PATH)).json()
    body = {k: v for k, v in present.items() if k not in {"changed_by", "changed_at"}}
    own = {"own_unit": ids[name] if name else None}
    return await county.api.client.put(PATH, json=body | own)


async def publish_joint(county: County) -> list[dict[str, Any]]:
    """A plan of which 县财政局 leads and two units support; its obligations, the lead's first."""
    draft = await county.api.client.post("/v1/plans", files={"file": ("j.txt", JOINT.encode())})
    await county.post(f"/v1/plans/{draft.json()['plan_id']}/publish", {})
    rows = [row for row in await county.api.list_ledger() if row["task_name"] == "专区"]
    return sorted(rows, key=lambda row: not row["lead"])


async def list_fired(county: County) -> list[tuple[str, str, str, str]]:
    rows = await county.run(
        "SELECT r.slot, u.name, r.audience, coalesce(o.name, '') AS told FROM ingest.reminders r "
        "JOIN ingest.units u USING (unit_id) LEFT JOIN ingest.units o ON o.unit_id = r.to_unit"
    )
    return sorted((f"{row.slot:%Y-%m-%dT%H}", row.name, row.audience, row.told) for row in rows)


async def forecast(county: County, first: str, last: str) -> list[tuple[str, str, str, str]]:
    answer = await county.api.client.post(
        "/v1/rule-books/forecast", json={"from": first, "to": last}
    )
    assert answer.status_code == 200, answer.text
    rows = answer.json()["reminders"]
    return sorted((r["slot"][:13], r["unit"], r["audience"], r["to_unit"]) for r in rows)


async def test_what_other_units_hear_is_forecast_fires_and_is_explained(county: County) -> None:
    """The lead's duty is withdrawn on 5 July, and the office has no unit from the 10th on."""
    rows = await publish_joint(county)
    assert (await name_own_unit(county, "县发展和改革局")).is_success
    await county.post("/v1/rule-books", {"rules": [LATE]})
    await county.flow()
    said = await forecast(county, "2023-06-01", "2023-07-04")
    await county.live(at("2023-07-05"))
    fired = await list_fired(county)
    first = {(name, audience, other) for slot, name, audience, other in fired if "06-29" in slot}
    assert first == {
        ("县财政局", "liaison", ""),
        ("县财政局", "deputy", ""),
        ("县财政局", "head", "县发展和改革局"),
        ("县发展和改革局", "liaison", ""),
        ("县发展和改革局", "deputy", "县财政局"),
        ("县发展和改革局", "head", ""),
        ("凤灵街道", "liaison", ""),
        ("凤灵街道", "deputy", "县财政局"),
        ("凤灵街道", "head", "县发展和改革局"),
    }
    assert [row for row in fired if row[0] < "2023-07-05"] == said

    path = f"/v1/obligations/{rows[0]['obligation_id']}"
    version = (await county.api.client.get(path)).json()["version"]
    await county.post(f"{path}/withdraw", {"version": version, "note": "不再牵头"})
    await county.flow()
    await county.live(at("2023-07-10"))
    assert (await name_own_unit(county, None)).is_success
    await county.flow()
    await county.live(at("2023-07-21", 0))
    found = await county.compared()
    assert (found["differences"], found["explained"]) == ([], [])
    assert found["expected"] == found["emitted"] > 20
    again = await forecast(county, "2023-06-01", "2023-07-20")
    assert again == await list_fired(county)
    (street,) = (row["obligation_id"] for row in rows if row["unit"] == "凤灵街道")
    await check_why(county, street)


async def check_why(county: County, obligation_id: str) -> None:
    shown = (await county.api.client.get(f"/v1/obligations/{obligation_id}/why")).json()
    sent = {(each["audience"], each["to_unit"]) for each in shown["fired"]}
    others = {("deputy", "县财政局"), ("head", "县发展和改革局")}
    assert others < sent
    unsent = {
        (each["of"], each["reason"], each["slot"][:10])
        for each in shown["not_fired"]
        if each["rule"] == "late" and each["slot"] > "2023-06-29"
    }
    assert ("lead-unit", "no-unit", "2023-07-06") in unsent
    assert ("office", "no-unit", "2023-07-11") in unsent
    assert {reason for _, reason, _ in unsent} == {"no-unit"}
    assert {each["of"] for each in shown["not_fired"]} <= {"unit", "lead-unit", "office"}


async def test_the_next_reminders_name_the_other_units(county: County) -> None:
    rows = await publish_joint(county)
    assert (await name_own_unit(county, "县财政局")).is_success
    await county.post("/v1/rule-books", {"rules": [LATE]})
    path = f"/v1/obligations/{rows[-1]['obligation_id']}/why"
    (coming,) = (await county.api.client.get(path)).json()["next"]
    assert coming["audiences"] == ["liaison"]
    assert [(each["audience"], each["unit"]) for each in coming["others"]] == [
        ("deputy", "县财政局"),
        ("head", "县财政局"),
    ]


async def test_posts_of_the_office_need_a_unit_in_use(county: County) -> None:
    answer = await county.api.client.post("/v1/rule-books", json={"rules": [LATE]})
    assert answer.status_code == 409
    assert "own_unit" in answer.json()["hint"]
    gone = "00000000-0000-0000-0000-000000000000"
    present = (await county.api.client.get(PATH)).json()
    body = {k: v for k, v in present.items() if k not in {"changed_by", "changed_at"}}
    refused = await county.api.client.put(PATH, json=body | {"own_unit": gone})
    assert refused.status_code == 404
    (street,) = [row for row in await county.api.list_ledger() if row["ref"] == "4.1"]
    await county.post(f"/v1/units/{street['unit_id']}/retire", {"reason": "撤并"})
    assert (await name_own_unit(county, "凤灵街道")).status_code == 409
    assert (await name_own_unit(county, "县财政局")).is_success
    await county.post("/v1/rule-books", {"rules": [LATE]})
