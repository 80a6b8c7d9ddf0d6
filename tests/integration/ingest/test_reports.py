"""A report's counts are the sums of the ledger's rows, whatever is in the ledger."""

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.ingest.store.tables import OBLIGATIONS
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import ObligationKind

pytestmark = pytest.mark.integration
ZONE = ZoneInfo("Asia/Shanghai")
YEAR = st.dates(date(2022, 11, 1), date(2024, 2, 1))
NUMBERS = ("due", "done", "on_time", "late", "overdue", "open")

random_obligations = st.lists(
    st.fixed_dictionaries(
        {
            "unit": st.integers(0, 2),
            "measure": st.integers(0, 7),
            "status": st.sampled_from(sorted(set(ObligationStatus) - {ObligationStatus.WITHDRAWN})),
            "due_on": st.none() | YEAR,
            "done_on": YEAR,
            "hour": st.integers(0, 23),
            "withdrawn": st.booleans(),
        }
    ),
    max_size=25,
)


async def fill(api: Any, obligations: list[dict[str, Any]], places: Any) -> None:
    """Replace the ledger by random obligations of the units and measures in `places`."""
    units, measures = places
    rows = []
    for number, each in enumerate(obligations):
        measure_id, plan_id, ordinal = measures[each["measure"] % len(measures)]
        done = each["status"] is ObligationStatus.DONE
        ended = each["withdrawn"] and not done
        at = datetime.combine(each["done_on"], datetime.min.time(), UTC)
        rows.append(
            {
                "obligation_id": uuid4(),
                "office_id": api.office_id,
                "unit_id": units[each["unit"]],
                "plan_id": plan_id,
                "measure_id": measure_id,
                "ordinal": ordinal,
                "kind": ObligationKind.DEADLINE,
                "period": str(number),
                "due_on": each["due_on"],
                "known_on": date(2023, 1, 1),
                "lead": False,
                "times": 1,
                "status": ObligationStatus.WITHDRAWN if ended else each["status"],
                "number": 1,
                "withdrawn_at": api.clock.instant if each["withdrawn"] else None,
                "done_at": at + timedelta(hours=each["hour"]) if done else None,
                "done_by": "office" if done else None,
            }
        )
    async with api.engine.begin() as db:
        await db.execute(text("DELETE FROM ingest.obligations"))
        if rows:
            await db.execute(OBLIGATIONS.insert(), rows)


def count(rows: list[dict[str, Any]]) -> dict[str, int]:
    """The counts as a person would make them from the ledger's rows."""
    counts = Counter(dict.fromkeys(NUMBERS, 0))
    for row in rows:
        counts["due"] += 1
        if row["status"] == "done":
            day = datetime.fromisoformat(row["done_at"]).astimezone(ZONE).date()
            counts["done"] += 1
            counts["on_time" if day <= date.fromisoformat(row["due_on"]) else "late"] += 1
        elif row["light"] == "red":
            counts["overdue"] += 1
        else:
            counts["open"] += 1
    return dict(counts)


KEYS = {
    "unit": lambda row: row["unit_id"],
    "category": lambda row: row["category"] or "",
    "task": lambda row: (row["plan_id"], row["ref"].partition(".")[0], row["task_name"]),
}
OUT_KEYS = {
    "unit": lambda row: row["unit_id"],
    "category": lambda row: row["name"],
    "task": lambda row: (row["plan_id"], row["number"], row["name"]),
}


@pytest.fixture
async def places(api: Any) -> tuple[list[UUID], list[Any]]:
    await api.publish_plan()
    units = await api.fetch_rows("SELECT unit_id FROM ingest.units ORDER BY name")
    measures = await api.fetch_rows(
        "SELECT measure_id, plan_id, ordinal FROM ingest.measures ORDER BY ordinal LIMIT 8"
    )
    async with api.engine.begin() as db:
        await db.execute(
            text("UPDATE ingest.measures SET category = '类别' || ordinal % 3 WHERE ordinal > 2")
        )
    return [row[0] for row in units], [tuple(row) for row in measures]


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(random_obligations, st.tuples(YEAR, st.integers(0, 300)), st.sampled_from(list(KEYS)))
async def test_a_report_equals_the_sum_of_the_ledgers_rows(
    api: Any, places: Any, obligations: Any, period: tuple[date, int], by: str
) -> None:
    await fill(api, obligations, places)
    first, last = period[0], period[0] + timedelta(days=period[1])
    query = {"from": first.isoformat(), "to": last.isoformat(), "by": by}
    answer = await api.client.get("/v1/reports/summary", params=query)
    assert answer.status_code == 200, answer.text
    report = answer.json()
    rows = await api.list_ledger(due_from=first.isoformat(), due_to=last.isoformat())
    expected: dict[Any, list[Any]] = {}
    for row in rows:
        expected.setdefault(KEYS[by](row), []).append(row)
    counted = {OUT_KEYS[by](row): {name: row[name] for name in NUMBERS} for row in report["rows"]}
    assert counted == {key: count(each) for key, each in expected.items()}
    assert {name: report["total"][name] for name in NUMBERS} == count(rows)
    total = report["total"]
    assert total["rate"] == (round(total["done"] / total["due"], 4) if total["due"] else None)


async def test_the_period_is_the_present_year_by_default_and_not_reversed(api: Any) -> None:
    report = (await api.client.get("/v1/reports/summary")).json()
    assert (report["first"], report["last"]) == ("2023-01-01", "2023-12-31")
    wrong = await api.client.get("/v1/reports/summary?from=2023-05-01&to=2023-04-01")
    assert wrong.status_code == 422
    assert "颠倒" in wrong.json()["detail"]


async def test_a_units_token_counts_its_own(api: Any) -> None:
    await api.publish_plan()
    mine = (await api.list_ledger())[0]["unit_id"]
    unit = await api.open_as("read", unit_id=mine)
    report = (await unit.get("/v1/reports/summary?by=unit")).json()
    assert [row["unit_id"] for row in report["rows"]] == [mine]


async def test_the_ledger_as_a_workbook_holds_the_rows_that_the_filters_select(api: Any) -> None:
    await api.publish_plan()
    owed = await api.list_ledger(group="县级各部门")
    answer = await api.client.get("/v1/ledger.xlsx", params={"group": "县级各部门"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["台账"]
    head, *rows = sheet.iter_rows(values_only=True)
    written = [dict(zip(head, row, strict=True)) for row in rows]
    assert sorted(row["编号"] for row in written) == sorted(row["obligation_id"] for row in owed)
    by_id = {row["obligation_id"]: row for row in owed}
    for row in written:
        item = by_id[row["编号"]]
        assert (row["单位"], row["序号"], row["具体内容"]) == (
            item["unit"],
            item["ref"],
            item["text"],
        )
        assert (row["完成时限"].date().isoformat() if row["完成时限"] else None) == item["due_on"]


async def test_a_hostile_note_is_no_formula_in_either_file(api: Any) -> None:
    await api.publish_plan()
    async with api.engine.begin() as db:
        await db.execute(text("UPDATE ingest.measures SET text = '=1+1', task_name = '@SUM(1)'"))
    sheet = openpyxl.load_workbook(
        io.BytesIO((await api.client.get("/v1/ledger.xlsx")).content)
    ).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "d", "n"}
    content = (await api.client.get("/v1/ledger.csv")).content
    assert content.startswith("\ufeff".encode())
    assert '"\'=1+1"' in content.decode()
    assert '"=' not in content.decode()
    assert '"@' not in content.decode()


async def test_a_history_that_is_empty_is_a_file_with_headings(api: Any) -> None:
    await api.publish_plan()
    mine = (await api.list_ledger())[0]["unit_id"]
    content = (await api.client.get(f"/v1/units/{mine}/history.csv")).content.decode("utf-8-sig")
    assert content.startswith('"提醒时点"')
    assert (await api.client.get(f"/v1/units/{mine}/history.xlsx")).status_code == 200
    assert (await api.client.get(f"/v1/units/{uuid4()}/history.csv")).status_code == 404


async def test_a_bulletin_counts_what_the_report_counts_and_is_signed_by_the_office(
    api: Any,
) -> None:
    await api.publish_plan()
    report = (await api.client.get("/v1/reports/summary?by=task")).json()
    answer = await api.client.get("/v1/reports/summary.docx?by=task")
    assert answer.status_code == 200, answer.text
    document = docx.Document(io.BytesIO(answer.content))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == "关于2023年政务公开重点任务办理情况的通报"
    assert f"应办{report['total']['due']}项" in "".join(texts)
    assert texts[-2:] == ["盐亭县政务公开办", "2023年6月1日"]
    (table,) = document.tables
    assert len(table.rows) == len(report["rows"]) + 2
    assert table.rows[-1].cells[1].text == str(report["total"]["due"])
    sheet = openpyxl.load_workbook(
        io.BytesIO((await api.client.get("/v1/reports/summary.xlsx?by=task")).content)
    )["通报"]
    assert [cell.value for cell in sheet[sheet.max_row]][:2] == ["合计", report["total"]["due"]]


async def test_the_offices_own_signature_and_lights_stand_in_its_files(api: Any) -> None:
    await api.publish_plan()
    settings = {
        "version": 0,
        "signature": "盐亭县政府办",
        "lights": {"green": {"name": "绿灯", "colour": "#00FF00"}},
    }
    assert (await api.client.put("/v1/office/settings", json=settings)).status_code == 200
    answer = await api.client.get("/v1/reports/summary.docx")
    assert docx.Document(io.BytesIO(answer.content)).paragraphs[-2].text == "盐亭县政府办"
    rows = (await api.client.get("/v1/ledger.csv")).content.decode("utf-8-sig")
    assert '"绿灯"' in rows
    assert '"正常"' not in rows


async def test_the_days_of_a_period_have_what_is_due_on_them(api: Any) -> None:
    await api.publish_plan()
    items = await api.list_ledger()
    due = Counter(item["due_on"] for item in items if item["due_on"])
    query = {"from": "2023-12-20", "to": "2024-01-02"}
    answer = (await api.client.get("/v1/reports/days", params=query)).json()
    assert answer["today"] == "2023-06-01"
    days = answer["days"]
    assert [each["day"] for each in days[:2]] == ["2023-12-20", "2023-12-21"]
    assert len(days) == 14
    assert {each["day"]: each["due"] for each in days if each["due"]} == {
        day: number for day, number in due.items() if "2023-12-20" <= day <= "2024-01-02"
    }
    off = {each["day"] for each in days if not each["working"]}
    assert off == {"2023-12-23", "2023-12-24", "2023-12-30", "2023-12-31", "2024-01-01"}
    one = next(item for item in items if item["due_on"] == "2023-12-31")
    path = f"/v1/obligations/{one['obligation_id']}/status"
    assert (await api.client.post(path, json={"status": "done"})).is_success
    again = (await api.client.get("/v1/reports/days", params=query)).json()["days"]
    assert [each["done"] for each in again if each["day"] == "2023-12-31"] == [1]
    unit = await api.open_as("read", unit_id=one["unit_id"])
    own = (await unit.get("/v1/reports/days", params=query)).json()["days"]
    assert 0 < sum(each["due"] for each in own) < sum(each["due"] for each in days)
    for wrong in (
        {"from": "2023-12-20", "to": "2023-12-19"},
        {"from": "2022-01-01", "to": "2023-12-31"},
    ):
        assert (await api.client.get("/v1/reports/days", params=wrong)).status_code == 422
