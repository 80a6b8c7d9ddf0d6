"""What a unit sees of plans."""

from typing import Any

import pytest

from tests.integration.ingest.two_units import Office, make_office

pytestmark = pytest.mark.integration


@pytest.fixture
async def office(api: Any) -> Office:
    return await make_office(api)


async def test_a_unit_sees_of_a_plan_what_was_published_and_nothing_of_the_offices_work(
    office: Office,
) -> None:
    listed = (await office.unit.get("/v1/plans")).json()["items"]
    assert [one["plan_id"] for one in listed] == [office.own["plan_id"]]
    whole = (await office.api.client.get(f"/v1/plans/{office.own['plan_id']}")).json()
    assert len((await office.api.client.get("/v1/plans")).json()["items"]) == 2
    assert whole["open"]
    assert not all(one["published"] for one in whole["measures"])
    shown = (await office.unit.get(f"/v1/plans/{office.own['plan_id']}")).json()
    assert [one["ref"] for one in shown["measures"]] == [
        one["ref"] for one in whole["measures"] if one["published"]
    ]
    for part in ("open", "unknown_names", "decisions", "warnings"):
        assert shown[part] == []
    for one in shown["measures"]:
        assert not any((one["codes"], one["settled_by"], one["settled_why"]))
    revision = await office.unit.get(f"/v1/plans/{office.own['revision_id']}")
    assert revision.status_code == 404


async def test_a_units_pages_of_plans_go_on_past_drafts(office: Office) -> None:
    seen, cursor = [], None
    while True:
        wanted = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        part = (await office.unit.get("/v1/plans", params=wanted)).json()
        seen += [one["plan_id"] for one in part["items"]]
        cursor = part["next_cursor"]
        if cursor is None:
            break
    assert seen == [office.own["plan_id"]]
