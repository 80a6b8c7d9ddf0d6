"""Mutes, from the request to the reminder that is not sent; and the answer to why."""

from typing import Any

import pytest

from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.county import County, at

pytestmark = pytest.mark.integration
FINANCE = "县财政局"


async def mute(county: County, **body: Any) -> dict[str, Any]:
    return await county.post("/v1/mutes", {"until": "2023-12-31", "reason": "职责交接"} | body)


async def why(county: County, row: dict[str, Any]) -> dict[str, Any]:
    answer = await county.api.client.get(f"/v1/obligations/{row['obligation_id']}/why")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def list_days(entries: list[dict[str, Any]], reason: str) -> list[str]:
    return [each["slot"][:10] for each in entries if each["reason"] == reason]


async def test_a_muted_task_is_not_reminded_of_and_the_audit_and_why_know_it(
    county: County,
) -> None:
    row = await county.owed("1", FINANCE)
    await county.live(at("2023-06-10"))
    made = await mute(county, task="1", until="2023-06-19")
    assert (made["task"], made["unit"], made["muted_by"]) == ("1", None, "office")
    await county.flow()
    await county.live(at("2023-07-01"))
    compared = await county.compared(last="2023-06-30")
    assert (compared["differences"], compared["explained"]) == ([], [])
    told = await why(county, row)
    assert list_days(told["not_fired"], "muted") == ["2023-06-15", "2023-06-19"]
    muted = next(each for each in told["not_fired"] if each["reason"] == "muted")
    assert (muted["actor"], muted["rule"], muted["mute_id"]) == (
        "office",
        "deadline",
        made["mute_id"],
    )
    assert muted["chinese"] == "已静默（office）：职责交接"
    (noted,) = await county.run("SELECT count(*) AS n FROM ingest.not_fired WHERE reason = 'muted'")
    assert noted.n == 4  # two units, two slots
    fired = [each["slot"][:10] for each in told["fired"]]
    assert "2023-06-15" not in fired
    assert {"2023-06-09", "2023-06-20"} <= set(fired)
    other = await why(county, await county.owed("2", FINANCE))
    assert list_days(other["not_fired"], "muted") == []


async def test_a_mute_that_is_ended_holds_no_longer(county: County) -> None:
    row = await county.owed("1", FINANCE)
    made = await mute(county, unit_id=row["unit_id"])
    await county.flow()
    await county.live(at("2023-06-16"))
    ended = await county.post(f"/v1/mutes/{made['mute_id']}/end", {"reason": "交接完成"})
    assert (ended["ended_by"], ended["ended_why"]) == ("office", "交接完成")
    again = await county.api.client.post(
        f"/v1/mutes/{made['mute_id']}/end", json={"reason": "再来"}
    )
    assert again.status_code == 409
    await county.flow()
    await county.live(at("2023-06-21"))
    told = await why(county, row)
    assert max(list_days(told["not_fired"], "muted")) == "2023-06-15"
    assert [each["slot"][:10] for each in told["fired"]][:1] == ["2023-06-19"]
    compared = await county.compared(last="2023-06-20")
    assert compared["differences"] == []
    current = (await county.api.client.get("/v1/mutes?current=true")).json()["items"]
    assert current == []


async def test_why_names_what_came_after_and_who_did_it(county: County) -> None:
    row = await county.owed("1", FINANCE)
    before = await why(county, row)
    assert before["next"][0]["rule"] == "deadline"
    assert before["next"][0]["muted_by"] == ""
    await county.live(at("2023-06-14"))
    version = {"version": 1, "note": "已公布"}
    await county.post(f"/v1/obligations/{row['obligation_id']}/complete", version)
    await county.flow()
    await county.live(at("2023-06-21"))
    told = await why(county, row)
    assert told["next"] == []
    assert set(list_days(told["not_fired"], "done")) == {"2023-06-15", "2023-06-19", "2023-06-20"}
    done = next(each for each in told["not_fired"] if each["reason"] == "done")
    assert (done["actor"], done["audiences"]) == ("office", ["liaison", "deputy", "head"])
    assert done["chinese"] == "此前已办结（office，2023-06-14 12:00）"
    assert not {each["reason"] for each in told["not_fired"]} & {"unexplained", "waiting"}
    sent = next(each for each in told["fired"] if each["slot"].startswith("2023-06-09"))
    assert (sent["rules"], sent["version"], sent["audience"]) == (["deadline"], 1, "liaison")
    assert sent["channels"] == ["email", "sms"]


async def test_why_of_a_unit_and_a_day_names_each_obligation(county: County) -> None:
    row = await county.owed("1", FINANCE)
    await county.live(at("2023-06-14"))
    path = f"/v1/units/{row['unit_id']}/why"
    day = (await county.api.client.get(path, params={"day": "2023-06-09"})).json()
    assert {each["ref"] for each in day["fired"]} >= {"1.1"}
    assert {each["slot"][:10] for each in day["fired"] + day["not_fired"]} == {"2023-06-09"}
    coming = (await county.api.client.get(path, params={"day": "2023-06-15"})).json()
    assert {each["ref"] for each in coming["next"]} >= {"1.1"}
    assert (coming["fired"], coming["not_fired"]) == ([], [])


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "没有写明静默什么"),
        ({"rule_id": "nobody"}, 404, "没有 nobody"),
        ({"task": "99"}, 404, "没有序号 99"),
        ({"task": "1", "until": "2023-05-01"}, 422, "早于起始时间"),
        ({"task": "1", "since": "2023-07-01", "until": "2023-06-30"}, 422, "早于起始时间"),
        ({"task": "1", "until": "2024-06-30"}, 422, "最长一年"),
        ({"task": "1", "until": None}, 422, "没有写明静默到何时"),
    ],
)
async def test_what_can_not_be_muted_is_refused(
    county: County, body: dict[str, Any], status: int, says: str
) -> None:
    whole = {"until": "2023-12-31", "reason": "交接"} | body
    answer = await county.api.client.post("/v1/mutes", json=whole)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]


async def test_the_commands_mute_list_end_and_explain(
    api: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    await api.publish_plan()
    row = (await api.list_ledger())[0]
    async with serve_command(api, monkeypatch, capsys) as cuiban:
        until = "2023-12-31T17:00"
        what = ("--unit", row["unit"], "--rule", "deadline", "--reason", "职责交接")
        made = (await cuiban("mute", "add", *what, "--until", until, "--json")).json
        assert (made["unit"], made["until"]) == (row["unit"], "2023-12-31T09:00:00Z")
        assert row["unit"] in (await cuiban("mute", "list")).out
        why = (await cuiban("why", row["obligation_id"], "--json")).json
        assert {each["rule"] for each in why["next"]} == {"deadline"}
        assert {each["muted_why"] for each in why["next"]} == {"职责交接"}
        assert why["fired"] == []
        assert "职责交接" in (await cuiban("why", row["obligation_id"])).out
        day = await cuiban("why", "--unit", row["unit"], "--day", "2023-06-05")
        assert day.status == 0
        ended = await cuiban("mute", "end", made["mute_id"], "--reason", "完成")
        assert (ended.status, "has ended" in ended.out) == (0, True)
        again = await cuiban("mute", "end", made["mute_id"], "--reason", "完成")
        assert again.status != 0
        assert "cuiban mute list" in again.err
        assert (await cuiban("mute", "list", "--json")).json == []
