"""The directory as it changes: previewed, renamed, retired, and who takes over a post."""

import io
import json
from datetime import date, timedelta

import openpyxl
import pytest

from tests.integration.ingest.conftest import NOW

pytestmark = pytest.mark.integration
CHANGED = """单位名称,分组,别名,联络员邮箱,联络员手机
县财政局,县级各部门,财局,new@yanting.example,13800000001
县发改局,县级各部门,县发改局,fgj@yanting.example,13800000002
县发展改革和科技局,县级各部门,,,
"""


async def unit(api, name):
    found = (await api.client.get("/v1/units", params={"name": name})).json()["items"]
    return next(one for one in found if name in (one["name"], *one["aliases"]))


async def post(api, one, action, body, status=200):
    answer = await api.client.post(f"/v1/units/{one['unit_id']}/{action}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def everything(api):
    tables = ("units", "journal", "outbox", "idempotency")
    return {
        name: await api.fetch_rows(f"SELECT * FROM ingest.{name} ORDER BY 1")  # noqa: S608
        for name in tables
    }


async def told(api):
    rows = await api.fetch_rows(
        "SELECT value FROM ingest.outbox WHERE topic = 'cuiban.directory.v1' ORDER BY id"
    )
    return [json.loads(row.value) for row in rows]


async def journalled(api, action):
    return await api.fetch_rows(
        "SELECT actor, before, after FROM ingest.journal WHERE action = :action ORDER BY id",
        action=action,
    )


async def sent(api, table, preview):
    answer = await api.client.post(
        "/v1/units/import",
        params={"preview": "true"} if preview else {},
        files={"file": ("u.csv", table)},
        headers={"Idempotency-Key": f"key-{preview}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


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
