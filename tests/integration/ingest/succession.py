"""How a retired unit hands over, through the API."""

from typing import Any

from tests.integration.ingest.test_evidence import PNG
from tests.integration.ingest.test_joint import Joint


async def find_id(plan: Joint, name: str) -> str:
    listed = (await plan.api.client.get("/v1/units", params={"name": name})).json()["items"]
    return str(next(unit["unit_id"] for unit in listed if unit["name"] == name))


async def retire(plan: Joint, name: str, successor: str = "", **more: Any) -> None:
    body = {"reason": "机构改革"} | more
    if successor:
        body["successor_id"] = await find_id(plan, successor)
    path = f"/v1/units/{await find_id(plan, name)}/retire"
    answer = await plan.api.client.post(path, json=body)
    assert answer.status_code == 200, answer.text


async def list_handovers(plan: Joint) -> dict[str, str]:
    changes = (await plan.api.client.get(f"{plan.plan}/directory-changes")).json()
    return {each["unit"]: each["successor"] for each in changes["handovers"]}


async def hand_over(plan: Joint) -> None:
    body = {"decision": "confirm", "reason": "机构改革"}
    answer = await plan.api.client.post(f"{plan.plan}/directory-changes", json=body)
    assert answer.status_code == 200, answer.text


async def list_units(plan: Joint, ref: str) -> set[str]:
    return set(await plan.list_statuses(ref))


async def list_texts(plan: Joint, ref: str, unit: str) -> list[str]:
    lines = (await plan.api.client.get(f"{await plan.find(ref, unit)}/timeline")).json()
    return [line["text"] for line in lines]


async def report_with_file(plan: Joint, ref: str, unit: str, **body: Any) -> dict[str, Any]:
    """Submit an obligation with a file; returns it as it then is."""
    client = await plan.open(unit)
    path = f"{await plan.find(ref, unit)}/files"
    assert (await client.post(path, files={"file": ("公开.png", PNG)})).status_code == 200
    answer = await plan.act(client, ref, unit, "submit", **body)
    assert (answer.status_code, answer.json()["status"]) == (200, "submitted"), answer.text
    return dict(answer.json())
