"""A forecast of rules, on the ledger of an office whose scheduler then fires."""

import json
from typing import Any

import pytest

from shared.rules.defaults import make_default_rule_book
from tests.integration.ingest.county import County, at

pytestmark = pytest.mark.integration
DRAFT = """
rules:
  - rule_id: deadline
    when:
      - {type: before-due, working_days: [10, 2, 0]}
      - {type: while-overdue, every_working_days: 2}
    at: "10:30"
    who:
      - {audience: liaison}
      - {audience: head, from_overdue: 2}
    channels: [sms]
"""


async def ask(county: County, first: str, last: str, **more: Any) -> dict[str, Any]:
    body = {"from": first, "to": last, **more}
    answer = await county.api.client.post("/v1/rule-books/forecast", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def list_fired(county: County, first: str, last: str) -> list[tuple[Any, ...]]:
    """The reminders that the scheduler emitted for the slots of some days."""
    rows = await county.run(
        "SELECT r.slot, u.name, r.audience, r.items::text AS items FROM ingest.reminders r "
        "JOIN ingest.units u USING (unit_id) WHERE slot >= :first AND slot < :last",
        first=at(first, 0),
        last=at(last, 0),
    )
    return sorted(
        (
            row.slot.isoformat(),
            row.name,
            row.audience,
            tuple(sorted(item["obligation_id"] for item in json.loads(row.items))),
        )
        for row in rows
    )


def list_said(forecast: dict[str, Any]) -> list[tuple[Any, ...]]:
    return sorted(
        (
            row["slot"].replace("Z", "+00:00"),
            row["unit"],
            row["audience"],
            tuple(sorted(row["obligations"])),
        )
        for row in forecast["reminders"]
    )


async def test_what_is_forecast_is_what_then_fires(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.api.forecast._ROWS_AT_ONCE", 3)
    said = await ask(county, "2023-06-01", "2023-06-25")
    await county.live(at("2023-06-26", 0))
    fired = await list_fired(county, "2023-06-01", "2023-06-26")
    assert list_said(said) == fired
    assert said["totals"]["reminders"] == len(fired) > 10
    assert sum(day["reminders"] for day in said["days"]) == len(fired)

    draft = await ask(county, "2023-06-26", "2023-07-31", text=DRAFT)
    await county.post("/v1/rule-books", make_body())
    await county.flow()
    await county.live(at("2023-08-01", 0))
    fired = await list_fired(county, "2023-06-26", "2023-08-01")
    assert list_said(draft) == fired
    assert draft["totals"]["reminders"] == len(fired) > 10


def make_body() -> dict[str, Any]:
    """The draft as a body of a publication."""
    who = [{"audience": "liaison"}, {"audience": "head", "from_overdue": 2}]
    when = [
        {"type": "before-due", "working_days": [10, 2, 0]},
        {"type": "while-overdue", "every_working_days": 2},
    ]
    rule = {"rule_id": "deadline", "when": when, "at": "10:30", "who": who, "channels": ["sms"]}
    return {"rules": [rule]}


async def test_traits_ended_steps_and_kept_steps_are_forecast_as_they_fire(county: County) -> None:
    """Task 1 is overdue before the draft, and keeps its deputy; task 2 becomes overdue after it."""
    late = {"rule_id": "late", "when": [{"type": "while-overdue", "every_working_days": 1}]}
    who = {"who": [{"audience": "deputy"}], "channels": ["email"]}
    await county.post("/v1/rule-books", {"rules": [late | who]})
    await county.flow()
    await county.live(at("2023-06-25"))
    owed = (await county.owed("1", "县财政局"))["obligation_id"]
    shown = (await county.api.client.get(f"/v1/obligations/{owed}")).json()
    await county.post(f"/v1/obligations/{owed}/progress", {"version": shown["version"]})
    await county.flow()
    heads = {"who": [{"audience": "head"}], "channels": ["email"]}
    weekly = {"type": "weekly", "weekdays": ["monday"], "span": "until-done"}
    ended = {"who": [{"audience": "liaison", "ends_with": "progress", "within_days": 7}]}
    group = {"rule_id": "group", "select": {"group": "县级各部门"}, "when": [weekly], "at": "11:00"}
    draft = {"rules": [late | heads, heads | group | ended]}
    said = await ask(county, "2023-06-26", "2023-07-14", text=json.dumps(draft))
    await county.post("/v1/rule-books", draft)
    await county.flow()
    await county.live(at("2023-07-15", 0))
    fired = await list_fired(county, "2023-06-26", "2023-07-15")
    assert list_said(said) == fired
    assert {audience for _, _, audience, _ in fired} == {"deputy", "head", "liaison"}
    told = {(slot[:10], ids) for slot, _, audience, ids in fired if audience == "liaison"}
    assert {owed in ids for _, ids in told} == {True, False}


async def test_backwards_it_says_what_the_facts_of_then_ask_for(county: County) -> None:
    await county.live(at("2023-06-14"))
    done = await county.owed("1", "县财政局")
    await county.post(f"/v1/obligations/{done['obligation_id']}/status", {"status": "done"})
    late = await county.owed("1", "县发展和改革局")
    extension = {"due_on": "2023-06-30", "reason": "同意延期"}
    await county.post(f"/v1/obligations/{late['obligation_id']}/extensions", extension)
    await county.flow()
    await county.live(at("2023-06-27"))
    await county.post(f"/v1/obligations/{done['obligation_id']}/status", {"status": "open"})
    await county.flow()
    across = await ask(county, "2023-06-01", "2023-07-20")
    await county.live(at("2023-07-21", 0))
    fired = await list_fired(county, "2023-06-01", "2023-07-21")
    assert list_said(across) == fired
    past = await ask(county, "2023-06-01", "2023-07-20")
    assert list_said(past) == fired
    assert [each["code"] for each in past["warnings"]] == ["no-price"]


async def test_a_draft_is_compared_with_the_book_in_force(county: County) -> None:
    same = await ask(county, "2023-06-01", "2023-08-31")
    assert same["version"] == 1
    assert [same["compared"][what] for what in ("added", "dropped", "moved", "changed")] == [0] * 4
    book = make_default_rule_book().model_dump(mode="json", exclude={"version"})
    for rule in book["rules"]:
        rule["at"] = "10:00:00"
    moved = await ask(county, "2023-06-01", "2023-08-31", text=json.dumps(book))
    counts = moved["compared"]
    assert moved["version"] is None
    assert (counts["added"], counts["dropped"], counts["changed"]) == (0, 0, 0)
    assert counts["moved"] == moved["totals"]["reminders"] > 20
    row = counts["rows"][0]
    assert (row["change"], row["was"], row["slot"]) == (
        "moved",
        "2023-06-02T01:00:00Z",
        "2023-06-02T02:00:00Z",
    )
    del book["rules"][1:]
    book["rules"][0]["at"] = "09:00:00"
    fewer = (await ask(county, "2023-06-01", "2023-08-31", text=json.dumps(book)))["compared"]
    assert (fewer["added"], fewer["moved"]) == (0, 0)
    assert fewer["dropped"] + fewer["changed"] > 0


async def test_messages_parts_and_cost_follow_the_directory_and_the_settings(
    county: County,
) -> None:
    said = await ask(county, "2023-06-01", "2023-06-19")
    liaison = [row for row in said["reminders"] if row["unit"] == "县财政局"]
    assert all(row["messages"] == {"email": 1, "sms": 1} for row in liaison)
    (mobile,) = {json.dumps(r["messages"]) for r in said["reminders"] if r["unit"] == "凤灵街道"}
    assert json.loads(mobile) == {"email": 0, "sms": 1}
    totals = said["totals"]
    assert totals["messages"]["sms"] == totals["sms_parts"] == totals["reminders"]
    assert (totals["cost"], totals["units"], said["silent_units"]) == (None, 3, [])
    assert said["busiest"][0] in [day["day"] for day in said["days"]]

    settings = {"version": 1, "sms_price": 0.045, "signature": "盐亭县人民政府政务公开办公"}
    answer = await county.api.client.put("/v1/office/settings", json=settings)
    assert answer.status_code == 200, answer.text
    priced = (await ask(county, "2023-06-01", "2023-06-19", most=2))["totals"]
    assert priced["cost"] == round(priced["sms_parts"] * 0.045, 2)

    nobody = DRAFT.replace("{audience: liaison}", "{audience: deputy}")
    silent = await ask(county, "2023-06-01", "2023-06-30", text=nobody, most=2)
    assert silent["totals"]["suppressed"] == {"no-contact": silent["totals"]["reminders"]}
    assert sorted(silent["silent_units"]) == ["凤灵街道", "县发展和改革局", "县财政局"]
    assert len(silent["reminders"]) == 2
    assert silent["left_out"] == silent["totals"]["reminders"] - 2


async def test_a_year_without_a_notice_is_named(county: County) -> None:
    said = await ask(county, "2040-01-01", "2040-01-31")
    (warning,) = [each for each in said["warnings"] if each["code"] == "calendar-unknown"]
    assert "2040" in warning["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"from": "2023-06-02", "to": "2023-06-01"}, "截止日早于起始日"),
        ({"from": "2023-01-01", "to": "2025-01-01"}, "最多预测两年"),
        ({"from": "2023-01-01", "to": "2023-01-31", "text": "rules: [{"}, "规则有误"),
        ({"from": "2023-01-01", "to": "2023-01-31", "text": DRAFT + "    wen: 1\n"}, "规则有误"),
    ],
)
async def test_a_wrong_period_or_book_is_refused(api: Any, body: Any, says: str) -> None:
    answer = await api.client.post("/v1/rule-books/forecast", json=body)
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    if "wen" in str(body):
        (error,) = answer.json()["errors"]
        assert (error["where"], error["line"], error["column"]) == ("rules.0.wen", 12, 5)
    longest = {"from": "2023-01-01", "to": "2024-12-31"}
    assert (await api.client.post("/v1/rule-books/forecast", json=longest)).status_code == 200
