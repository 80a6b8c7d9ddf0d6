"""Sign-in and sessions: who gets in, how long, and what stops it."""

import asyncio
import json
import statistics
import time
from typing import Any

import pytest

from services.ingest.api.context import ApiContext
from tests.integration.ingest.people import (
    OTHER,
    PASSWORD,
    create_user,
    forget_failures,
    join,
    prolong_pauses,
    sign_in,
    try_sign_in,
)

pytestmark = pytest.mark.integration


async def shift(api: Any, column: str, by: str) -> None:
    async with api.engine.begin() as db:
        await db.exec_driver_sql(
            f"UPDATE ingest.sessions SET {column} = {column} - interval '{by}'"  # noqa: S608
        )


async def test_a_person_signs_in_acts_and_signs_out(api: Any) -> None:
    editor = await join(api, "张三", "editor")
    me = (await editor.client.get("/v1/me")).json()
    assert (me["kind"], me["name"], me["role"]) == ("person", "张三", "editor")
    assert "edit-plans" in me["permissions"]
    assert (await editor.client.get("/v1/units")).status_code == 200
    assert (await editor.client.delete("/v1/sessions/current")).status_code == 204
    assert (await editor.client.get("/v1/me")).status_code == 401


async def test_a_person_stands_in_the_journal_by_name(api: Any) -> None:
    editor = await join(api, "张三", "editor")
    table = {"file": ("u.csv", "单位名称,联络员邮箱\n县财政局,czj@yanting.example\n")}
    assert (await editor.client.post("/v1/units/import", files=table)).status_code == 200
    rows = await api.fetch_rows("SELECT actor, action FROM ingest.journal ORDER BY id")
    actions = [action for actor, action in rows if actor == "张三"]
    assert actions[0] == "session.opened"
    assert len(actions) > 1


async def test_of_a_session_only_a_digest_is_stored(api: Any) -> None:
    person = await join(api, "张三", "viewer")
    stored = await api.fetch_rows("SELECT * FROM ingest.sessions")
    assert person.token not in repr(stored)
    assert PASSWORD not in repr(await api.fetch_rows("SELECT * FROM ingest.users"))
    assert PASSWORD not in repr(await api.fetch_rows("SELECT * FROM ingest.journal"))


async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(api: Any) -> None:
    await create_user(api, "张三", "viewer")
    disabled = await create_user(api, "李四", "viewer")
    await api.client.post(f"/v1/users/{disabled['user_id']}/disable")
    answers = [
        await try_sign_in(api, "张三", OTHER),
        await try_sign_in(api, "王五", OTHER),
        await try_sign_in(api, "李四", PASSWORD),
    ]
    shown = [
        {k: v for k, v in answer.json().items() if k != "correlation_id"} for answer in answers
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert shown[0] == shown[1] == shown[2]
    assert shown[0]["hint"]


async def test_an_unknown_name_takes_as_long_as_a_known_one(api: Any) -> None:
    await create_user(api, "张三", "viewer")
    took: dict[str, list[float]] = {"张三": [], "王五": []}
    for _ in range(5):
        for name, times in took.items():
            await forget_failures(api)
            began = time.process_time()
            await try_sign_in(api, name, OTHER)
            times.append(time.process_time() - began)
    known, unknown = (statistics.median(times) for times in took.values())
    assert 0.6 < known / unknown < 1.7


async def test_failures_slow_an_account_down_and_lock_it_known_or_not(api: Any) -> None:
    await create_user(api, "张三", "viewer")
    for name in ("张三", "王五"):
        statuses = []
        for _ in range(10):
            statuses.append((await try_sign_in(api, name, OTHER)).status_code)
            await forget_failures(api)
        assert statuses == [401] * 10
        assert (await try_sign_in(api, name, OTHER)).status_code == 401
        locked = await try_sign_in(api, name)
        assert locked.status_code == 429
        assert 800 < int(locked.headers["retry-after"]) <= 900
    entries = await api.fetch_rows("SELECT actor FROM ingest.journal WHERE action = 'user.locked'")
    assert [row.actor for row in entries] == ["张三"]


async def test_a_success_forgets_the_failures_of_the_account(api: Any) -> None:
    await create_user(api, "张三", "viewer")
    for _ in range(3):
        assert (await try_sign_in(api, "张三", OTHER)).status_code == 401
    await sign_in(api, "张三")
    for _ in range(3):
        assert (await try_sign_in(api, "张三", OTHER)).status_code == 401
    await sign_in(api, "张三")


async def test_guesses_at_the_same_time_are_counted_one_by_one(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    prolong_pauses(monkeypatch)
    await create_user(api, "张三", "viewer")
    answers = await asyncio.gather(*(try_sign_in(api, "张三", OTHER) for _ in range(8)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(401) <= 4
    assert set(statuses) == {401, 429}


async def test_many_names_from_one_address_are_stopped(api: Any, monkeypatch: Any) -> None:
    async def refuse(*_: Any) -> bool:
        return False

    context = api.transport.app.state.context
    assert isinstance(context, ApiContext)
    monkeypatch.setattr(context.hasher, "verify", refuse)
    prolong_pauses(monkeypatch)
    answers = [
        (await try_sign_in(api, f"name {number}", OTHER)).status_code for number in range(52)
    ]
    assert answers[:51] == [401] * 51
    assert answers[51] == 429


async def test_a_session_ends_when_it_is_not_used(api: Any) -> None:
    person = await join(api, "张三", "viewer")
    await shift(api, "seen_at", "29 minutes")
    assert (await person.client.get("/v1/me")).status_code == 200
    await shift(api, "seen_at", "29 minutes")
    assert (await person.client.get("/v1/me")).status_code == 200, "use keeps it open"
    await shift(api, "seen_at", "31 minutes")
    assert (await person.client.get("/v1/me")).status_code == 401


async def test_a_session_ends_after_a_working_day_however_it_is_used(api: Any) -> None:
    person = await join(api, "张三", "viewer")
    await shift(api, "expires_at", "12 hours 1 minute")
    assert (await person.client.get("/v1/me")).status_code == 401


async def test_sessions_are_listed_and_ended(api: Any) -> None:
    first = await join(api, "张三", "viewer")
    second = await sign_in(api, "张三")
    third = await sign_in(api, "张三")
    listed = (await first.client.get("/v1/sessions")).json()["items"]
    assert {row["session_id"] for row in listed} == {
        first.session_id,
        second.session_id,
        third.session_id,
    }
    assert [row["current"] for row in listed if row["session_id"] == first.session_id] == [True]
    ended = await first.client.delete(f"/v1/sessions/{second.session_id}")
    assert ended.status_code == 204
    assert (await second.client.get("/v1/me")).status_code == 401
    assert (await first.client.delete(f"/v1/sessions/{second.session_id}")).status_code == 404
    assert (await first.client.delete("/v1/sessions")).json() == {"ended": 1}
    assert (await third.client.get("/v1/me")).status_code == 401
    assert (await first.client.get("/v1/me")).status_code == 200


async def test_nobody_ends_a_session_of_somebody_else(api: Any) -> None:
    first, second = await join(api, "张三", "viewer"), await join(api, "李四", "viewer")
    answer = await first.client.delete(f"/v1/sessions/{second.session_id}")
    assert answer.status_code == 404
    assert (await second.client.get("/v1/me")).status_code == 200


async def test_a_changed_password_ends_the_other_sessions(api: Any) -> None:
    person, elsewhere = await join(api, "张三", "viewer"), await sign_in(api, "张三")
    wrong = {"current": OTHER, "new": "紫色 文件夹 九月 海"}
    assert (await person.client.post("/v1/me/password", json=wrong)).status_code == 401
    weak = {"current": PASSWORD, "new": "12345678"}
    assert (await person.client.post("/v1/me/password", json=weak)).status_code == 422
    body = {"current": PASSWORD, "new": OTHER}
    changed = await person.client.post("/v1/me/password", json=body)
    assert changed.json() == {"ended": 1}
    assert (await elsewhere.client.get("/v1/me")).status_code == 401
    assert (await person.client.get("/v1/me")).status_code == 200
    assert (await try_sign_in(api, "张三", PASSWORD)).status_code == 401
    await sign_in(api, "张三", OTHER)


async def test_a_repeated_request_shows_no_secret_again(api: Any) -> None:
    person = await join(api, "张三", "admin")
    key = {"Idempotency-Key": "1"}
    first = await person.client.post("/v1/me/totp", headers=key)
    again = await person.client.post("/v1/me/totp", headers=key)
    assert first.json()["secret"]
    assert again.json() == {"secret": "", "address": ""}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "张三"},
        {"name": "\x00", "password": "x"},
        {"name": "\ud800", "password": "x"},
        {"name": "张三", "password": "\x00"},
        {"name": "张三", "password": "\ud800"},
        {"name": "张三", "password": "x" * 501},
        {"name": "张三", "password": "x", "more": 1},
    ],
)
async def test_what_is_no_sign_in_is_refused_without_repeating_it(api: Any, body: Any) -> None:
    sent = {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}
    answer = await api.client.post("/v1/sessions", **sent)
    assert answer.status_code == 422
    assert "xxx" not in answer.text
