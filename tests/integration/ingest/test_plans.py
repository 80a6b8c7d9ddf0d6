"""From a document to published obligations, over HTTP on the real database."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.integration


async def test_a_document_becomes_a_draft_that_names_what_is_open(api):
    plan = await api.import_plan()
    assert (plan["year"], plan["status"]) == (2023, "draft")
    assert (plan["tasks"], plan["measures"]) == (16, 46)
    assert [row["ref"] for row in plan["open"]] == ["4.3", "8.2", "13.3", "14.2"]
    assert len(plan["unknown_names"]) > 10


async def test_the_same_document_again_is_the_same_draft(api):
    first = await api.import_plan()
    again = await api.import_plan()
    assert again == first
    listed = (await api.client.get("/v1/plans")).json()["items"]
    assert [row["plan_id"] for row in listed] == [first["plan_id"]]
    assert listed[0]["measures"] == 46
    entries = await api.fetch_rows("SELECT action FROM ingest.journal WHERE action LIKE 'plan.%'")
    assert len(entries) == 1


async def test_publishing_expands_groups_and_holds_what_is_open(api):
    plan = await api.publish_plan()
    published = plan["published"]
    assert published["units"] == 3
    assert published["held"]["open_measures"] == ["4.3", "8.2", "13.3", "14.2"]
    items = await api.list_ledger()
    assert len(items) == published["obligations"]
    assert not {row["ref"] for row in items} & {"4.3", "8.2", "13.3", "14.2"}
    street = [row["ref"] for row in items if row["unit"] == "凤灵街道"]
    assert "3.1" in street
    assert "1.1" not in street
    hearings = [row for row in items if row["kind"] == "hearing"]
    assert {(row["ref"], row["period"]) for row in hearings} == {("16.2", "2023")}
    shown = (await api.client.get(f"/v1/plans/{plan['plan_id']}")).json()
    assert shown["status"] == "published"


async def test_publishing_again_adds_only_what_was_settled_since(api):
    plan = await api.publish_plan()
    path = f"/v1/plans/{plan['plan_id']}"
    again = (await api.client.post(f"{path}/publish", json={})).json()
    assert (again["obligations"], again["units"]) == (0, 0)
    settled = await api.client.post(
        f"{path}/settlements",
        json={
            "ref": "4.3",
            "action": "change",
            "reason": "每季度一次",
            "recurrence": {"per": "quarter", "at_least": 1},
        },
    )
    assert [row["ref"] for row in settled.json()["open"]] == ["8.2", "13.3", "14.2"]
    more = (await api.client.post(f"{path}/publish", json={})).json()
    # Four quarters of three units; the first had passed on the first of June.
    assert more["obligations"] == 9
    assert more["held"]["past"] == [{"ref": "4.3", "due_on": "2023-03-31", "units": 3}]
    late = (await api.client.post(f"{path}/publish", json={"include_past": True})).json()
    assert (late["obligations"], late["held"]["past"]) == (3, [])
    red = await api.list_ledger(light="red")
    assert {(row["ref"], row["due_on"]) for row in red} == {("4.3", "2023-03-31")}
    known = await api.fetch_rows(
        "SELECT DISTINCT CAST(known_on AS text) FROM ingest.obligations ORDER BY 1"
    )
    # A quarter that is still to come is owed from its first day.
    assert [row.known_on for row in known] == ["2023-06-02", "2023-07-01", "2023-10-01"]


async def test_a_published_measure_is_settled_no_more(api):
    plan = await api.publish_plan()
    answer = await api.client.post(
        f"/v1/plans/{plan['plan_id']}/settlements",
        json={"ref": "1.1", "action": "drop", "reason": "x"},
    )
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ref": "99.9", "action": "accept", "reason": "x"}, 404),
        ({"ref": "8.2", "action": "accept", "reason": ""}, 422),
        ({"ref": "8.2", "action": "change", "reason": "x"}, 422),
        ({"ref": "8.2", "action": "accept", "reason": "x", "text": "y"}, 422),
        ({"ref": "8.2", "action": "change", "reason": "x", "due": []}, 422),
        ({"ref": "8.2", "action": "change", "reason": "x", "due": ["2023-02-30"]}, 422),
        ({"ref": "8.2", "action": "change", "reason": "x", "due": ["0001-01-01"]}, 422),
        ({"ref": "8.2", "action": "drop", "reason": "重复"}, 200),
    ],
)
async def test_a_settlement_is_checked(api, body, status):
    plan = await api.import_plan()
    answer = await api.client.post(f"/v1/plans/{plan['plan_id']}/settlements", json=body)
    assert answer.status_code == status, answer.text


async def test_nothing_is_published_for_a_name_until_someone_decides(api):
    plan = await api.publish_plan()
    path = f"/v1/plans/{plan['plan_id']}"
    held = {row["name"]: row for row in plan["published"]["held"]["unknown_names"]}
    assert held["经开区"]["refs"][0] == "2.1"
    lost = await api.client.post(
        f"{path}/names", json={"name": "县经合局", "units": ["没有的局"], "reason": "x"}
    )
    assert (lost.status_code, lost.json()["errors"]) == (422, [{"name": "没有的局"}])
    both = {"name": "县经合局", "units": ["县财政局"], "ignore": True, "reason": "x"}
    assert (await api.client.post(f"{path}/names", json=both)).status_code == 422
    other = {"name": "不在表中", "ignore": True, "reason": "x"}
    assert (await api.client.post(f"{path}/names", json=other)).status_code == 404
    ignored = {"name": "经开区", "ignore": True, "reason": "不考核"}
    assert (await api.client.post(f"{path}/names", json=ignored)).status_code == 200
    decided = {"name": "县工信局", "units": ["凤灵街道"], "reason": "代管"}
    shown = (await api.client.post(f"{path}/names", json=decided)).json()
    assert not {"经开区", "县工信局"} & {row["name"] for row in shown["unknown_names"]}
    assert {row["name"] for row in shown["decisions"]} == {"经开区", "县工信局"}
    more = (await api.client.post(f"{path}/publish", json={})).json()
    assert more["units"] == 1
    street = await api.list_ledger(plan_id=plan["plan_id"])
    assert "1.1" in {row["ref"] for row in street if row["unit"] == "凤灵街道"}


async def test_a_name_that_joins_the_directory_later_is_published_then(api):
    plan = await api.publish_plan()
    assert (await api.import_units("name,aliases\n经开区管委会,经开区\n")).json()["created"] == 1
    more = (await api.client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})).json()
    assert more["units"] == 1


async def test_dates_past_at_publication_are_held_by_the_offices_day(api):
    # 16:30 UTC on 31 August is the first of September in the office.
    api.clock.instant = datetime(2023, 8, 31, 16, 30, tzinfo=UTC)
    plan = await api.publish_plan()
    held = plan["published"]["held"]["past"]
    assert [(row["ref"], row["due_on"]) for row in held] == [("4.5", "2023-08-31")]


async def test_a_plan_beyond_the_limit_is_refused(api):
    await api.import_units()
    plan = await api.import_plan()
    api.settings.publish_limit = 10
    answer = await api.client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})
    assert answer.status_code == 409
    assert "CUIBAN_PUBLISH_LIMIT" in answer.json()["hint"]
    assert await api.list_ledger() == []


async def test_a_measure_that_names_no_unit_waits_for_a_person(api):
    head = "2023年公开任务表\n\n序号\t任务名称\t具体内容\t完成时限\n"
    table = head + "1\t目录\t公布目录。\t2023年年底\n"
    answer = await api.client.post("/v1/plans", files={"file": ("t.txt", table.encode())})
    plan = answer.json()
    assert [row["codes"] for row in plan["open"]] == [["no-unit"]]
    path = f"/v1/plans/{plan['plan_id']}"
    done = (await api.client.post(f"{path}/publish", json={})).json()
    assert (done["obligations"], done["held"]["open_measures"]) == (0, ["1.1"])
    body = {"ref": "1.1", "action": "change", "reason": "由县政府办负责", "names": ["县政府办"]}
    settled = (await api.client.post(f"{path}/settlements", json=body)).json()
    assert settled["open"] == []


TWO_POINTS = """2023年公开任务表

序号\t任务名称\t具体内容\t责任单位\t完成时限
1\t清理\t定期清理失效内容，由县保密局负责检查。\t县财政局\t2023年年底
2\t目录\t公布目录。\t县财政局\t2023年年底
"""


async def settled(api, plan, status=200, **body):
    path = f"/v1/plans/{plan['plan_id']}/settlements"
    answer = await api.client.post(path, json={"reason": "办公会议定", **body})
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_each_doubtful_point_is_settled_by_itself(api):
    await api.import_units()
    answer = await api.client.post("/v1/plans", files={"file": ("t.txt", TWO_POINTS.encode())})
    plan = answer.json()
    (point,) = plan["open"]
    assert set(point["codes"]) == {"period-open", "actor-in-text"}
    shown = await settled(api, plan, ref="1.1", action="change", recurrence={"per": "quarter"})
    assert [row["codes"] for row in shown["open"]] == [["actor-in-text"]]
    done = (await api.client.post(f"/v1/plans/{plan['plan_id']}/publish", json={})).json()
    assert done["held"]["open_measures"] == ["1.1"]
    lost = await settled(api, plan, 422, ref="1.1", action="accept", codes=["no-deadline"])
    assert "actor-in-text" in lost["hint"]
    shown = await settled(api, plan, ref="1.1", action="accept", codes=["actor-in-text"])
    assert shown["open"] == []
    (measure,) = (row for row in shown["measures"] if row["ref"] == "1.1")
    assert set(measure["settled"]) == {"period-open", "actor-in-text"}
    assert measure["recurrence"] == {"per": "quarter", "at_least": 1}


async def test_waiving_one_point_leaves_the_other(api):
    answer = await api.client.post("/v1/plans", files={"file": ("t.txt", TWO_POINTS.encode())})
    plan = answer.json()
    shown = await settled(api, plan, ref="1.1", action="accept", codes=["period-open"])
    assert [row["codes"] for row in shown["open"]] == [["actor-in-text"]]
    shown = await settled(api, plan, ref="1.1", action="change", names=["凤灵街道"])
    assert shown["open"] == []


async def test_a_measure_that_nobody_doubts_can_be_corrected_too(api):
    answer = await api.client.post("/v1/plans", files={"file": ("t.txt", TWO_POINTS.encode())})
    plan = answer.json()
    body = {"due": ["2023-10-31"], "lead": ["县发改局"], "text": "公布新目录。"}
    shown = await settled(api, plan, ref="2.1", action="change", **body)
    (measure,) = (row for row in shown["measures"] if row["ref"] == "2.1")
    assert {name: measure[name] for name in body} == body
    entry = (await api.fetch_rows("SELECT * FROM ingest.journal WHERE action = 'measure.settled'"))[
        0
    ]
    assert entry.before["due"] == ["2023-12-31"]
    assert entry.after["due"] == ["2023-10-31"]


async def test_what_has_no_date_or_no_unit_is_not_simply_accepted(api):
    head = "2023年公开任务表\n\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
    table = head + "1\t目录\t公布目录。\t\t2023年年底\n2\t清单\t公布清单。\t县财政局\t\n"
    answer = await api.client.post("/v1/plans", files={"file": ("t.txt", table.encode())})
    plan = answer.json()
    for ref, hint in (("1.1", "names"), ("2.1", "continuous")):
        refused = await settled(api, plan, 422, ref=ref, action="accept")
        assert hint in refused["hint"]
    shown = await settled(api, plan, ref="2.1", action="change", continuous=True)
    assert [row["ref"] for row in shown["open"]] == ["1.1"]


async def test_each_measure_names_the_cells_that_it_was_read_from(api):
    plan = await api.import_plan()
    source = (await api.client.get(f"/v1/plans/{plan['plan_id']}/source")).json()
    shown = (await api.client.get(f"/v1/plans/{plan['plan_id']}")).json()
    assert [row["ref"] for row in source["measures"]] == [row["ref"] for row in shown["measures"]]
    cells = {
        c["id"]: c for block in source["blocks"] for row in block["rows"] for c in row["cells"]
    }
    first, measure = source["measures"][0], shown["measures"][0]
    assert cells[first["text"]]["text"] == measure["text"]
    assert cells[first["task_name"]]["text"] == measure["task_name"]
    assert cells[first["due"]]["text"] == "2023年年底"
    assert cells[first["names"][0]]["text"].startswith("、".join(measure["names"]))
    assert source["document_name"] == "yanting.txt"


async def test_a_document_from_before_cells_were_kept_has_none(api):
    plan = await api.import_plan()
    async with api.engine.begin() as db:
        await db.execute(text("UPDATE ingest.plans SET source = NULL"))
    source = (await api.client.get(f"/v1/plans/{plan['plan_id']}/source")).json()
    assert (source["blocks"], source["measures"]) == ([], [])
    missing = await api.client.get("/v1/plans/00000000-0000-0000-0000-000000000000/source")
    assert missing.status_code == 404
