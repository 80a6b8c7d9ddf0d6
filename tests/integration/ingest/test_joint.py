"""Quantities that are reported, and joint duties for which the leading unit reports."""

from datetime import timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.integration
TABLE = (
    "县2023年政务公开任务分解表\n\n"
    "序号\t任务名称\t具体内容\t牵头单位\t责任单位\t完成时限\n"
    "1\t解读\t政策文件多元化解读比例不得低于50%。\t县财政局\t县发展和改革局、凤灵街道\t2023年9月30日\n"
    "2\t目录\t编制并公布公开目录。\t县财政局\t县发展和改革局\t2023年9月30日\n"
    "3\t听取\t单位主要负责人每年至少听取2次政务公开工作情况汇报。\t\t县财政局\t2023年年底\n"
)


class Joint:
    """A published plan with joint duties, and how to act on it."""

    def __init__(self, api: Any, plan_id: str) -> None:
        self.api, self.plan = api, f"/v1/plans/{plan_id}"

    async def find(self, ref: str, unit: str) -> str:
        rows = await self.api.list_ledger()
        row = next(each for each in rows if (each["ref"], each["unit"]) == (ref, unit))
        return f"/v1/obligations/{row['obligation_id']}"

    async def show(self, ref: str, unit: str) -> dict[str, Any]:
        return dict((await self.api.client.get(await self.find(ref, unit))).json())

    async def open(self, unit: str) -> Any:
        rows = await self.api.list_ledger()
        unit_id = next(each["unit_id"] for each in rows if each["unit"] == unit)
        return await self.api.open_as("read", "report", unit_id=unit_id)

    async def act(self, client: Any, ref: str, unit: str, action: str, **body: Any) -> Any:
        version = (await self.show(ref, unit))["version"]
        path = f"{await self.find(ref, unit)}/{action}"
        self.api.clock.instant += timedelta(minutes=1)
        return await client.post(path, json={"version": version, **body})

    async def list_statuses(self, ref: str) -> dict[str, str]:
        rows = await self.api.list_ledger()
        return {each["unit"]: each["status"] for each in rows if each["ref"] == ref}


LEAD, OTHER, THIRD = "县财政局", "县发展和改革局", "凤灵街道"


async def publish(api: Any, table: str, obligations: int) -> Joint:
    await api.import_units()
    made = await api.client.post("/v1/plans", files={"file": ("t.txt", table.encode())})
    assert made.status_code == 201, made.text
    made_id = made.json()["plan_id"]
    published = await api.client.post(f"/v1/plans/{made_id}/publish", json={})
    assert published.json()["obligations"] == obligations, published.text
    return Joint(api, made_id)


@pytest.fixture
async def joint(api: Any) -> Joint:
    return await publish(api, TABLE, 6)


async def test_a_share_is_shown_reported_and_compared(joint: Joint) -> None:
    unit = await joint.open(OTHER)
    shown = await joint.show("1.1", OTHER)
    assert shown["target"] == {"number": 50, "unit": "%", "kind": "at-least"}
    assert (shown["reported"], shown["fulfils"]) == (None, None)
    half = (await joint.act(unit, "1.1", OTHER, "progress", reported=30.5, note="进行中")).json()
    assert (half["reported"], half["fulfils"]) == (30.5, False)
    done = (await joint.act(unit, "1.1", OTHER, "submit", reported=52)).json()
    assert (done["reported"], done["fulfils"], done["status"]) == (52, True, "submitted")
    timeline = (await unit.get(f"{await joint.find('1.1', OTHER)}/timeline")).json()
    assert timeline[1]["text"] == "报告进展：完成数 30.5；进行中"
    for wrong in (-1, 1e13):
        bad = await joint.act(joint.api.client, "1.1", OTHER, "complete", reported=wrong)
        assert bad.status_code == 422
    none = await joint.act(unit, "2.1", OTHER, "progress", reported=3)
    assert (none.status_code, "没有可填报" in none.json()["detail"]) == (422, True)


async def test_hearings_are_counted_towards_how_many_are_asked_for(joint: Joint) -> None:
    shown = await joint.show("3.1", LEAD)
    assert shown["target"] == {"number": 2, "unit": "次", "kind": "at-least"}
    assert (shown["reported"], shown["fulfils"]) == (0, False)
    path = f"/v1/units/{shown['unit_id']}/hearings"
    for day, status, enough in (("2023-03-01", "in-progress", False), ("2023-05-01", "done", True)):
        await joint.api.client.post(path, json={"heard_on": day, "heard_by": "局长"})
        now = await joint.show("3.1", LEAD)
        assert (now["status"], now["fulfils"]) == (status, enough)
    assert now["reported"] == 2
    wrong = await joint.act(joint.api.client, "3.1", LEAD, "progress", reported=2)
    assert wrong.status_code in {409, 422}


async def test_by_default_each_unit_reports_for_itself(joint: Joint) -> None:
    unit = await joint.open(LEAD)
    assert (await joint.act(unit, "1.1", LEAD, "submit")).json()["joint"] == "each"
    assert await joint.list_statuses("1.1") == {
        LEAD: "submitted",
        OTHER: "assigned",
        THIRD: "assigned",
    }


async def test_the_leading_unit_reports_for_all(joint: Joint) -> None:
    api = joint.api
    set_plan = await api.client.post(f"{joint.plan}/joint", json={"joint": "lead"})
    assert set_plan.json()["joint"] == "lead", set_plan.text
    lead, other = await joint.open(LEAD), await joint.open(OTHER)
    shown = (await other.get(await joint.find("1.1", OTHER))).json()
    assert (shown["joint"], shown["leading"]) == ("lead", LEAD)
    assert shown["allowed"] == ["accept", "progress", "object"]
    refused = await joint.act(other, "1.1", OTHER, "submit")
    assert refused.status_code == 409
    assert f"由牵头单位{LEAD}统一报送" in refused.json()["detail"]
    assert (
        await joint.act(other, "1.1", OTHER, "progress", note="已报牵头单位")
    ).status_code == 200

    submitted = await joint.act(lead, "1.1", LEAD, "submit", reported=60, note="全县已完成")
    assert submitted.status_code == 200, submitted.text
    assert set((await joint.list_statuses("1.1")).values()) == {"submitted"}
    told = await api.fetch_rows(
        "SELECT convert_from(value, 'UTF8')::jsonb AS event FROM ingest.outbox "
        "WHERE convert_from(value, 'UTF8') LIKE '%\"reminded\"%' ORDER BY id DESC LIMIT 3"
    )
    assert {row.event["reminded"] for row in told} == {False}
    assert len({row.event["unit_id"] for row in told}) == 3

    await joint.act(api.client, "1.1", LEAD, "return", note="请补充")
    assert set((await joint.list_statuses("1.1")).values()) == {"returned"}
    await joint.act(lead, "1.1", LEAD, "submit", note="已补充")
    await joint.act(api.client, "1.1", LEAD, "complete")
    assert set((await joint.list_statuses("1.1")).values()) == {"done"}
    for unit in (OTHER, THIRD):
        row = await joint.show("1.1", unit)
        assert (row["reported"], row["fulfils"], row["done_by"]) == (60, True, "other")
        assert row["done_at"] == row["submitted_at"]
    lines = (await api.client.get(f"{await joint.find('1.1', OTHER)}/timeline")).json()
    texts = [line["text"] for line in lines]
    assert f"报办结：完成数 60；牵头单位{LEAD}统一报送；全县已完成" in texts
    # 2.1 has the same units, and nobody reported it.
    assert set((await joint.list_statuses("2.1")).values()) == {"assigned"}
    report = (await api.client.get("/v1/reports/summary?by=unit")).json()
    counted = {row["name"]: (row["due"], row["done"]) for row in report["rows"]}
    assert counted == {LEAD: (3, 1), OTHER: (2, 1), THIRD: (1, 1)}


async def test_a_measure_overrides_its_plan_and_a_plan_the_office(joint: Joint) -> None:
    api = joint.api
    present = (await api.client.get("/v1/office/settings")).json()
    body = {k: v for k, v in present.items() if k not in {"changed_by", "changed_at"}}
    await api.client.put("/v1/office/settings", json=body | {"joint": "lead"})
    assert (await joint.show("1.1", OTHER))["leading"] == LEAD
    await api.client.post(f"{joint.plan}/joint", json={"joint": "each"})
    assert (await joint.show("1.1", OTHER))["leading"] is None
    await api.client.post(f"{joint.plan}/joint", json={"joint": "lead", "ref": "1.1"})
    assert (await joint.show("1.1", OTHER))["leading"] == LEAD
    assert (await joint.show("2.1", OTHER))["leading"] is None
    plan = (await api.client.get(joint.plan)).json()
    assert (plan["joint"], plan["measures"][0]["joint"]) == ("each", "lead")
    unknown = await api.client.post(f"{joint.plan}/joint", json={"joint": "lead", "ref": "9.9"})
    assert unknown.status_code == 404
    noted = await api.fetch_rows(
        "SELECT action FROM ingest.journal WHERE action LIKE '%joint-changed' ORDER BY id"
    )
    assert [row.action for row in noted] == ["plan.joint-changed", "measure.joint-changed"]


async def test_a_date_of_the_leading_unit_moves_for_all_and_back(joint: Joint) -> None:
    api = joint.api
    await api.client.post(f"{joint.plan}/joint", json={"joint": "lead"})
    lead, other = await joint.open(LEAD), await joint.open(OTHER)
    later = {"due_on": "2023-10-31", "note": "系统迁移"}
    assert (await joint.act(other, "1.1", OTHER, "extend", **later)).status_code == 409
    asked = (await joint.act(lead, "1.1", LEAD, "extend", **later)).json()
    path = f"/v1/extensions/{asked['extensions'][0]['extension_id']}"
    granted = await api.client.post(f"{path}/grant", json={})
    assert granted.status_code == 200
    rows = [row for row in await api.list_ledger() if row["ref"] == "1.1"]
    assert {row["due_on"] for row in rows} == {"2023-10-31"}
    again = {"version": granted.json()["version"], "note": "不再需要"}
    assert (await api.client.post(f"{path}/take-back", json=again)).status_code == 200
    rows = [row for row in await api.list_ledger() if row["ref"] == "1.1"]
    assert {row["due_on"] for row in rows} == {"2023-09-30"}


async def test_once_the_leading_unit_no_longer_owes_it_each_reports_for_itself(
    joint: Joint,
) -> None:
    api = joint.api
    await api.client.post(f"{joint.plan}/joint", json={"joint": "lead"})
    gone = await joint.act(api.client, "1.1", LEAD, "withdraw", note="职责划转")
    assert gone.status_code == 200
    shown = await joint.show("1.1", OTHER)
    assert (shown["leading"], shown["status"]) == (None, "assigned")
    other = await joint.open(OTHER)
    assert (await joint.act(other, "1.1", OTHER, "submit")).status_code == 200
    assert (await joint.list_statuses("1.1"))[THIRD] == "assigned"


async def test_where_two_units_lead_each_unit_reports_for_itself(api: Any) -> None:
    heading, row = (
        TABLE.split("1\t", maxsplit=1)[0],
        "1\t目录\t编制并公布公开目录。\t{}、{}\t{}\t2023年9月30日\n",
    )
    joint = await publish(api, heading + row.format(LEAD, OTHER, THIRD), 3)
    await api.client.post(f"{joint.plan}/joint", json={"joint": "lead"})
    assert [(await joint.show("1.1", unit))["lead"] for unit in (LEAD, OTHER)] == [True, True]
    assert (await joint.show("1.1", THIRD))["leading"] is None
    lead = await joint.open(LEAD)
    assert (await joint.act(lead, "1.1", LEAD, "submit")).status_code == 200
    assert await joint.list_statuses("1.1") == {
        LEAD: "submitted",
        OTHER: "assigned",
        THIRD: "assigned",
    }
