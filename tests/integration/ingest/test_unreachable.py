"""The list of who can't be reached."""

from typing import Any

import pytest

pytestmark = pytest.mark.integration
DIRECTORY = """单位名称,联络员,联络员邮箱,联络员手机,联络员截止日期,分管领导手机
县财政局,张三,a@x.example,13800000001,,13800000005
县审计局,李四,b@x.example,,,
凤灵街道,王五,c@x.example,13800000003,2023-05-31,
"""


async def test_posts_with_a_gap_are_listed_by_unit_page_by_page(api: Any) -> None:
    assert (await api.import_units(DIRECTORY)).status_code == 200
    rows, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.client.get("/v1/units/unreachable", params=query)).json()
        rows += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    gaps = {(row["unit"], row["post"]): (row["gap"], row["day"]) for row in rows}
    assert gaps["县审计局", "liaison"] == ("no-mobile", None)
    assert gaps["凤灵街道", "liaison"] == ("ended", "2023-05-31")
    assert gaps["县财政局", "deputy"] == ("no-email", None)
    assert gaps["县财政局", "head"] == ("nobody", None)
    assert ("县财政局", "liaison") not in gaps
    assert len(rows) == len(gaps) == 8
    liaisons = await api.client.get("/v1/units/unreachable", params={"post": "liaison"})
    assert {row["unit"] for row in liaisons.json()["items"]} == {"县审计局", "凤灵街道"}
    some = [row["unit_id"] for row in rows if row["unit"] in ("县财政局", "县审计局")]
    asked = await api.client.get("/v1/units/unreachable", params={"unit_id": [*set(some)]})
    assert asked.json()["items"] == [row for row in rows if row["unit_id"] in some]


async def test_a_retired_unit_is_not_listed(api: Any) -> None:
    await api.import_units(DIRECTORY)
    unit = (await api.client.get("/v1/units?name=县审计局")).json()["items"][0]["unit_id"]
    await api.client.post(f"/v1/units/{unit}/retire", json={"reason": "撤并"})
    rows = (await api.client.get("/v1/units/unreachable")).json()["items"]
    assert "县审计局" not in {row["unit"] for row in rows}
