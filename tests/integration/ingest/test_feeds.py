"""A unit's calendar: behind a secret address, the same for all who have it, and renewable."""

from typing import Any
from urllib.parse import quote

import pytest
from ical.calendar_stream import IcsCalendarStream

from tests.integration.ingest.commands import serve_command

pytestmark = pytest.mark.integration


@pytest.fixture
async def unit_id(api: Any) -> str:
    await api.publish_plan()
    return str((await api.list_ledger())[0]["unit_id"])


async def make(api: Any, unit_id: str, **headers: str) -> dict[str, Any]:
    answer = await api.client.post(f"/v1/units/{unit_id}/feed", headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def nobody(api: Any) -> Any:
    client = api.open("none")
    del client.headers["authorization"]
    return client


async def test_a_feed_shows_the_dates_of_its_unit_and_no_others(api: Any, unit_id: str) -> None:
    feed = await make(api, unit_id)
    answer = await nobody(api).get(feed["path"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    events = IcsCalendarStream.calendar_from_ics(answer.text).events
    dated = [row for row in await api.list_ledger(unit_id=unit_id) if row["due_on"]]
    assert {event.uid.removesuffix("@cuiban"): event.dtstart.isoformat() for event in events} == {
        row["obligation_id"]: row["due_on"] for row in dated
    }
    owned = await api.open_as("read", unit_id=unit_id)
    assert (await owned.get(f"/v1/units/{unit_id}/feed.ics")).content == answer.content


async def test_what_is_done_is_marked_and_changes_the_etag(api: Any, unit_id: str) -> None:
    path = (await make(api, unit_id))["path"]
    client = nobody(api)
    first = await client.get(path)
    same = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["etag"] == first.headers["etag"]
    owed = await api.list_ledger(unit_id=unit_id, kind="deadline", light=["green", "yellow", "red"])
    done = f"/v1/obligations/{owed[0]['obligation_id']}/status"
    assert (await api.client.post(done, json={"status": "done"})).status_code == 200
    changed = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.text.replace("\r\n ", "").count("SUMMARY:✓ 已办结") == 1


async def test_a_renewed_address_ends_the_earlier_one(api: Any, unit_id: str) -> None:
    old = await make(api, unit_id)
    new = await make(api, unit_id)
    assert (old["renewed"], new["renewed"]) == (False, True)
    client = nobody(api)
    assert (await client.get(old["path"])).status_code == 404
    assert (await client.get(new["path"])).status_code == 200
    actions = await api.fetch_rows("SELECT action FROM ingest.journal WHERE action LIKE 'feed.%'")
    assert sorted(row[0] for row in actions) == ["feed.made", "feed.renewed"]


async def test_a_unit_makes_sees_and_ends_its_own_feed(api: Any, unit_id: str) -> None:
    unit = await api.open_as("read", "report", unit_id=unit_id)
    path = f"/v1/units/{unit_id}/feed"
    nothing = {"unit_id": unit_id, "made_at": None, "made_by": None}
    assert (await unit.get(path)).json() == nothing
    made = (await unit.post(path)).json()
    shown = (await unit.get(path)).json()
    assert (shown["made_at"], shown["made_by"]) == ("2023-06-01T01:00:00Z", "other")
    assert made["path"].split("/")[-1].removesuffix(".ics") not in str(shown)
    assert (await unit.delete(path)).status_code == 204
    assert (await nobody(api).get(made["path"])).status_code == 404
    assert (await unit.get(path)).json() == nothing
    assert (await unit.delete(path)).status_code == 404
    again = (await unit.post(path)).json()
    assert (again["renewed"], again["path"] == made["path"]) == (False, False)
    actions = await api.fetch_rows("SELECT action FROM ingest.journal WHERE action LIKE 'feed.%'")
    assert [row[0] for row in actions] == ["feed.made", "feed.ended", "feed.made"]


async def test_the_command_ends_a_feed(
    api: Any, unit_id: str, monkeypatch: Any, capsys: Any
) -> None:
    path = (await make(api, unit_id))["path"]
    async with serve_command(api, monkeypatch, capsys) as command:
        ended = await command("units", "feed", unit_id, "--end")
        assert (ended.status, "has ended" in ended.out) == (0, True), ended.err
    assert (await nobody(api).get(path)).status_code == 404


async def test_an_unknown_secret_gets_one_constant_answer(api: Any, unit_id: str) -> None:
    known = (await make(api, unit_id))["path"].removeprefix("/v1/feeds/").removesuffix(".ics")
    client, answers = nobody(api), set()
    for secret in ("x", known[:-1], known.swapcase(), unit_id, "%00", "催办", "x" * 5000):
        answer = await client.get(f"/v1/feeds/{quote(secret, safe='%')}.ics")
        body = answer.json() | {"correlation_id": ""}
        answers.add((answer.status_code, str(body), answer.headers.get("etag")))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 404


async def test_only_the_hash_of_the_secret_is_stored_and_the_log_has_none_of_it(
    api: Any, unit_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = (await make(api, unit_id, **{"Idempotency-Key": "k"}))["path"].split("/")[-1]
    secret = secret.removesuffix(".ics")
    assert (await make(api, unit_id, **{"Idempotency-Key": "k"}))["path"] == ""
    for table in ("feeds", "journal", "idempotency", "outbox"):
        statement = f"SELECT CAST(t AS text) FROM ingest.{table} AS t"  # noqa: S608 - our own words
        rows = await api.fetch_rows(statement)
        assert not [row for row in rows if secret in row[0]]
    capsys.readouterr()
    await nobody(api).get(f"/v1/feeds/{secret}.ics")
    assert secret not in "".join(capsys.readouterr())
