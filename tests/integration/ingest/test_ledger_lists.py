"""The ledger's filters, orders and pages; each list refuses parameters that it does not have."""

import random
from collections import Counter
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

pytestmark = pytest.mark.integration


@pytest.fixture
async def ledger(api: Any) -> list[dict[str, Any]]:
    """Every obligation of a published plan; some are done, some have no date."""
    await api.publish_plan()
    rows = await api.list_ledger()
    for row in rows[::7]:
        if row["kind"] == "deadline":
            path = f"/v1/obligations/{row['obligation_id']}/status"
            assert (await api.client.post(path, json={"status": "done"})).status_code == 200
    return await api.list_ledger()


def ids(rows):
    return sorted(row["obligation_id"] for row in rows)


FILTERS = {
    "unit": lambda row: row["unit"],
    "unit_id": lambda row: row["unit_id"],
    "plan": lambda row: row["plan_id"],
    "year": lambda row: row["year"],
    "kind": lambda row: row["kind"],
    "status": lambda row: row["status"],
    "light": lambda row: row["light"],
    "task": lambda row: row["task_name"],
}


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_keeps_the_rows_that_have_its_values_and_no_others(api, ledger, name):
    value_of = FILTERS[name]
    values = sorted({value_of(row) for row in ledger}, key=str)
    for wanted in ([values[0]], values[-2:]):
        expected = [row for row in ledger if value_of(row) in wanted]
        assert ids(await api.list_ledger(**{name: wanted})) == ids(expected)


async def test_filters_together_must_all_hold(api, ledger):
    unit = ledger[0]["unit"]
    expected = [row for row in ledger if row["unit"] == unit and row["light"] == "done"]
    assert ids(await api.list_ledger(unit=unit, light="done")) == ids(expected)
    assert expected


async def test_a_range_of_dates_has_both_ends_and_nothing_without_a_date(api, ledger):
    days = sorted({row["due_on"] for row in ledger if row["due_on"]})
    first, last = days[0], days[len(days) // 2]
    expected = [row for row in ledger if row["due_on"] and first <= row["due_on"] <= last]
    assert ids(await api.list_ledger(due_from=first, due_to=last)) == ids(expected)


async def test_groups_kinds_and_aliases_are_those_of_the_directory(api, ledger):
    grouped = await api.list_ledger(group="各乡镇(街道)")
    assert {row["unit"] for row in grouped} == {"凤灵街道"}
    assert await api.list_ledger(group="没有这个组") == []
    assert {row["unit"] for row in await api.list_ledger(unit="县发改局")} == {"县发展和改革局"}


async def test_a_task_is_found_by_its_number_and_a_text_in_any_case(api, ledger):
    number = ledger[0]["ref"].partition(".")[0]
    expected = [row for row in ledger if row["ref"].partition(".")[0] == number]
    assert ids(await api.list_ledger(task=number)) == ids(expected)
    word = ledger[0]["text"][2:6]
    expected = [row for row in ledger if word in row["text"] or word in row["task_name"]]
    assert ids(await api.list_ledger(text=word)) == ids(expected)
    assert {row["unit"] for row in await api.list_ledger(text="凤灵")} == {"凤灵街道"}
    assert ids(await api.list_ledger(text=ledger[0]["ref"])) == ids(
        row for row in ledger if row["ref"] == ledger[0]["ref"]
    )
    assert await api.list_ledger(text="100%_") == []


async def test_a_category_is_stored_as_the_document_prints_it(api):
    await api.import_units()
    table = (
        "县2023年政务公开任务分解表\n序号\t类别\t任务名称\t具体内容\t责任单位\t完成时限\n"
        "1\t规划信息\t目录\t公开目录。\t县财政局\t2023年9月30日\n"
        "2\t财政信息\t预算\t公开预算。\t县财政局\t2023年9月30日\n"
    )
    plan = await api.client.post("/v1/plans", files={"file": ("p.txt", table.encode())})
    await api.client.post(f"/v1/plans/{plan.json()['plan_id']}/publish", json={})
    rows = await api.list_ledger()
    assert {row["category"] for row in rows} == {"规划信息", "财政信息"}
    assert [row["task_name"] for row in await api.list_ledger(category="财政信息")] == ["预算"]


async def test_a_range_of_dates_that_ends_before_it_begins_is_refused(api):
    query = {"due_from": "2023-12-31", "due_to": "2023-01-01"}
    for path in ("/v1/ledger", "/v1/ledger/counts", "/v1/ledger.csv"):
        answer = await api.client.get(path, params=query)
        assert answer.status_code == 422, path
        assert "起止日期颠倒" in answer.json()["detail"]
    query["due_from"] = query["due_to"]
    assert (await api.client.get("/v1/ledger", params=query)).status_code == 200


async def test_what_does_not_exist_is_404_and_an_alias_of_several_is_asked_about(api, ledger):
    for query in ({"unit": "没有这个局"}, {"unit_id": str(uuid4())}, {"plan": str(uuid4())}):
        answer = await api.client.get("/v1/ledger", params=query)
        assert answer.status_code == 404, answer.text
        assert answer.json()["hint"]
    async with api.engine.begin() as db:
        await db.execute(text("""UPDATE ingest.units SET aliases = '["两用名"]'"""))
    answer = await api.client.get("/v1/ledger", params={"unit": "两用名"})
    assert answer.status_code == 422
    assert "县财政局" in answer.json()["detail"]


async def test_a_units_token_lists_its_own_whatever_it_asks_for(api, ledger):
    mine = ledger[0]["unit_id"]
    other = next(row for row in ledger if row["unit_id"] != mine)
    unit = await api.open_as("read", unit_id=mine)
    listed = (await unit.get("/v1/ledger", params={"limit": 500})).json()["items"]
    assert {row["unit_id"] for row in listed} == {mine}
    for query in ({"unit_id": other["unit_id"]}, {"unit": other["unit"]}):
        assert (await unit.get("/v1/ledger", params=query)).status_code == 404


async def pages(api, sort, between=None):
    seen, cursor = [], None
    while True:
        query = {"sort": sort, "limit": 7} | ({"cursor": cursor} if cursor else {})
        answer = await api.client.get("/v1/ledger", params=query)
        assert answer.status_code == 200, answer.text
        seen += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return seen
        if between:
            await between(seen)


@pytest.mark.parametrize("sort", ["unit", "due_on", "-due_on"])
async def test_pages_hold_each_row_once_in_the_order_asked_for(api, ledger, sort):
    seen = await pages(api, sort)
    assert ids(seen) == ids(ledger)
    if sort != "unit":
        days = [date.fromisoformat(row["due_on"]) for row in seen if row["due_on"]]
        assert days == sorted(days, reverse=sort == "-due_on")
        assert all(row["due_on"] is None for row in seen[len(days) :])


@pytest.mark.parametrize("sort", ["unit", "due_on", "-due_on"])
async def test_what_stays_is_listed_once_while_other_rows_change(api, ledger, sort):
    moved: set[str] = set()
    chance = random.Random(1)  # noqa: S311 - the same rows in each run

    async def change(seen):
        row = chance.choice([row for row in ledger if row["due_on"] and row["light"] != "done"])
        moved.add(row["obligation_id"])
        async with api.engine.begin() as db:
            await db.execute(
                text("UPDATE ingest.obligations SET due_on = :day WHERE obligation_id = :id"),
                {"day": date(2023, chance.randint(1, 12), 15), "id": row["obligation_id"]},
            )

    seen = ids(await pages(api, sort, change))
    assert moved
    for row in ledger:
        if row["obligation_id"] not in moved or sort == "unit":
            assert seen.count(row["obligation_id"]) == 1


async def test_a_cursor_of_another_order_is_refused(api, ledger):
    first = await api.client.get("/v1/ledger", params={"limit": 1})
    query = {"sort": "due_on", "cursor": first.json()["next_cursor"]}
    assert (await api.client.get("/v1/ledger", params=query)).status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "/v1/ledger",
        "/v1/ledger/summary",
        "/v1/units",
        "/v1/plans",
        "/v1/tokens",
        "/v1/journal",
        "/v1/rule-books",
        "/v1/calendars",
        "/v1/reports/summary",
        "/v1/ledger.csv",
    ],
)
async def test_a_parameter_that_a_list_does_not_have_is_refused_by_name(api, path):
    answer = await api.client.get(path, params={"unitt": "x"})
    assert answer.status_code == 422, answer.text
    assert "unitt" in answer.json()["detail"]
    assert answer.json()["hint"]
    assert (await api.client.get(path)).status_code == 200


async def test_the_counts_are_those_of_the_list_by_light_and_by_status(api, ledger):
    counts = (await api.client.get("/v1/ledger/counts")).json()
    assert counts["total"] == len(ledger)
    for name, words in (("lights", "light"), ("statuses", "status")):
        present = {word: number for word, number in counts[name].items() if number}
        assert present == dict(Counter(row[words] for row in ledger))
    unit = ledger[0]["unit"]
    some = (await api.client.get("/v1/ledger/counts", params={"unit": unit})).json()
    assert some["total"] == sum(row["unit"] == unit for row in ledger)


async def test_what_was_done_in_time_and_what_was_done_after_it_are_lists(api, ledger):
    done = [row for row in ledger if row["status"] == "done" and row["due_on"]]
    late = done[0]["obligation_id"]
    async with api.engine.begin() as db:
        change = text(
            "UPDATE ingest.obligations SET done_at = due_on + interval '41 hours'"
            " WHERE obligation_id = :id"
        )
        await db.execute(change, {"id": late})
    assert ids(await api.list_ledger(in_time=False)) == [late]
    assert ids(await api.list_ledger(in_time=True)) == ids(
        row for row in done if row["obligation_id"] != late
    )


async def test_the_choices_are_what_the_lists_hold(api, ledger):
    choices = (await api.client.get("/v1/ledger/choices")).json()
    assert set(choices["tasks"]) >= {row["task_name"] for row in ledger}
    assert [plan["plan_id"] for plan in choices["plans"]] == [ledger[0]["plan_id"]]
    assert {row["unit"] for row in ledger} <= {unit["name"] for unit in choices["units"]}
    assert "县级各部门" in choices["groups"]
    few = (await api.client.get("/v1/ledger/choices", params={"most_units": 1})).json()
    assert few == {**choices, "units": choices["units"][:1]}
    unit = await api.open_as("read", unit_id=ledger[0]["unit_id"])
    own = (await unit.get("/v1/ledger/choices")).json()
    assert [each["name"] for each in own["units"]] == [ledger[0]["unit"]]
    mine = {row["task_name"] for row in ledger if row["unit"] == ledger[0]["unit"]}
    assert set(own["tasks"]) == mine
