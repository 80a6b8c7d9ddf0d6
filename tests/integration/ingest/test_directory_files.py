"""Files of the directory: previewed, in formats that offices keep, with cells that erase."""

import io
from datetime import date

import openpyxl
import pytest

from tests.integration.ingest.directory_requests import CHANGED, post, sent, told, unit

pytestmark = pytest.mark.integration


async def everything(api):
    tables = ("units", "journal", "outbox", "idempotency")
    return {
        name: await api.fetch_rows(f"SELECT * FROM ingest.{name} ORDER BY 1")  # noqa: S608
        for name in tables
    }


async def test_a_preview_tells_field_by_field_what_the_import_then_does(api):
    await api.import_units()
    before = await everything(api)
    preview = await sent(api, CHANGED, preview=True)
    assert await everything(api) == before
    finance, reform = await unit(api, "县财政局"), await unit(api, "县发改局")
    assert preview == {
        "applied": False,
        "created": 1,
        "changed": 1,
        "unchanged": 1,
        "new": [{"name": "县发展改革和科技局", "near": []}],
        "changes": [
            {
                "unit_id": finance["unit_id"],
                "name": "县财政局",
                "written": "县财政局",
                "fields": [
                    {"field": "aliases", "before": [], "after": ["财局"]},
                    {
                        "field": "liaison_email",
                        "before": "czj@yanting.example",
                        "after": "new@yanting.example",
                    },
                ],
            }
        ],
        "absent": ["凤灵街道"],
        "erased": 0,
        "plans": [],
    }
    assert await sent(api, CHANGED, preview=False) == preview | {"applied": True}
    assert (await unit(api, "县财政局"))["aliases"] == ["财局"]
    assert await unit(api, "县发改局") == reform, "the row gave its alias: the same unit, unchanged"
    again = await sent(api, CHANGED, preview=True)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 3)


async def test_a_new_unit_is_shown_beside_the_absent_one_that_it_may_have_been(api):
    await api.import_units()
    found = await sent(api, "单位名称\n县财政局\n县发展改革局\n", preview=True)
    (new,) = found["new"]
    assert [near["name"] for near in new["near"]] == ["县发展和改革局"]


async def test_a_workbook_is_imported_as_offices_keep_it(api):
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (
        ("联络员名册",),
        ("单位名称", "联络员", "联络员手机", "联络员起始日期"),
        ("县财政局", "张三", 13800000001.0, date(2023, 1, 1)),
    ):
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    out = io.BytesIO()
    made.save(out)
    answer = await api.client.post("/v1/units/import", files={"file": ("册.xlsx", out.getvalue())})
    assert answer.json()["created"] == 1, answer.text
    (contact,) = (await unit(api, "县财政局"))["contacts"]
    assert (contact["mobile"], contact["valid_from"]) == ("13800000001", "2023-01-01")
    (event,) = await told(api)
    assert event["contacts"][0]["valid_from"] == "2023-01-01"
    broken = await api.client.post("/v1/units/import", files={"file": ("册.xlsx", b"PK\x03\x04")})
    assert broken.status_code == 422
    assert broken.json()["type"].endswith("document-broken")


async def test_a_file_with_the_new_name_and_old_aliases_is_told_of_renaming(api):
    await api.import_units()
    answer = await api.import_units("单位名称,别名\n县发展改革和科技局,县发改局\n")
    (fault,) = answer.json()["errors"]
    assert "If 县发展和改革局 was renamed" in fault["message"]
    assert "cuiban" not in fault["message"], "a proposal is no command"


async def test_a_files_aliases_do_not_take_a_units_first_name_away(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    await post(api, finance, "rename", {"name": "县财政和国资局"})
    await api.import_units("单位名称,别名\n县财政和国资局,财局\n")
    assert (await unit(api, "县财政局"))["aliases"] == ["财局", "县财政局"]
    table = {"file": ("u.csv", "单位名称,别名\n县财政和国资局,-\n")}
    await api.client.post("/v1/units/import", params={"erase": True}, files=table)
    assert (await unit(api, "县财政和国资局"))["aliases"] == ["县财政局"]


async def test_a_name_that_was_a_retired_units_first_is_not_taken_for_it(api):
    await api.import_units()
    finance = await unit(api, "县财政局")
    await post(api, finance, "rename", {"name": "县财政和国资局"})
    await post(api, finance, "retire", {"reason": "并入"})
    answer = await api.import_units("单位名称\n县财政局\n")
    assert answer.status_code == 422
    assert "县财政和国资局" in answer.json()["errors"][0]["message"]


HELD = """单位名称,类别,分组,别名,联络员,联络员邮箱,联络员手机
县财政局,县级部门,县级各部门,财局,张三,czj@yanting.example,13800000001
"""


async def test_empty_cells_erase_nothing_and_a_dash_erases_once_that_is_confirmed(api):
    await sent(api, HELD, preview=False)
    before = await unit(api, "县财政局")
    nothing = HELD.splitlines()[0] + "\n县财政局,,,,,,\n"
    answer = await api.client.post("/v1/units/import", files={"file": ("n.csv", nothing)})
    assert answer.json()["unchanged"] == 1
    assert await unit(api, "县财政局") == before

    dashes = HELD.splitlines()[0] + "\n县财政局,,,—,,,-\n"
    refused = await api.client.post("/v1/units/import", files={"file": ("d.csv", dashes)})
    assert refused.status_code == 409, refused.text
    assert [row["column"] for row in refused.json()["errors"]] == ["aliases", "liaison_mobile"]
    assert "（`erase`）" in refused.json()["hint"]
    assert await unit(api, "县财政局") == before
    shown = await api.client.post(
        "/v1/units/import", params={"preview": True}, files={"file": ("d.csv", dashes)}
    )
    assert shown.json()["erased"] == 2
    await api.client.post(
        "/v1/units/import", params={"erase": True}, files={"file": ("d.csv", dashes)}
    )
    after = await unit(api, "县财政局")
    (contact,) = after["contacts"]
    assert (after["kind"], after["aliases"]) == ("县级部门", [])
    assert (contact["name"], contact["email"], contact["mobile"]) == (
        "张三",
        "czj@yanting.example",
        "",
    )


async def test_an_alias_is_taken_away_so_that_a_retired_unit_comes_back(api):
    await api.import_units()
    finance, reform = await unit(api, "县财政局"), await unit(api, "县发展和改革局")
    await post(api, finance, "retire", {"reason": "合并"})
    heir = await post(api, reform, "aliases", {"add": ["县财政局"]})
    assert heir["aliases"] == ["县发改局", "县财政局"]
    refused = await post(api, finance, "retire", {"reason": "误撤", "undo": True}, 409)
    assert "cuiban units alias 县发展和改革局 --remove 县财政局" in refused["hint"]
    await post(api, reform, "aliases", {"remove": ["县财局"]}, 422)
    await post(api, reform, "aliases", {"remove": ["县财政局"]})
    back = await post(api, finance, "retire", {"reason": "误撤", "undo": True})
    assert back["retired_at"] is None
    taken = await post(api, reform, "aliases", {"add": ["县财政局"]}, 409)
    assert "means 县财政局 already" in taken["detail"]
