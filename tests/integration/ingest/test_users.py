"""Accounts: made, disabled, reset and given roles by an administrator of their office."""

from typing import Any

import pytest

from services.ingest.domain.accounts import AccountRole
from services.ingest.handlers.office.bootstrap import create_account
from shared.errors import CuibanError
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.people import (
    OTHER,
    PASSWORD,
    create_user,
    join,
    sign_in,
    try_sign_in,
)

pytestmark = pytest.mark.integration


async def test_accounts_are_made_listed_and_shown(api: Any) -> None:
    made = [await create_user(api, name, "viewer") for name in ("张三", "李四", "王五")]
    first = (await api.client.get("/v1/users?limit=2")).json()
    rest = (await api.client.get(f"/v1/users?cursor={first['next_cursor']}")).json()
    listed = first["items"] + rest["items"]
    assert sorted(row["name"] for row in listed) == sorted(row["name"] for row in made)
    shown = await api.client.get(f"/v1/users/{made[0]['user_id']}")
    assert shown.json() == made[0]
    assert "password" not in shown.text


async def test_a_name_is_taken_whatever_its_width_and_case(api: Any) -> None:
    await create_user(api, "zhang", "viewer")
    body = {"name": "ＺＨＡＮＧ", "role": "viewer", "password": PASSWORD}
    taken = await api.client.post("/v1/users", json=body)
    assert taken.status_code == 409
    assert taken.json()["hint"]
    await sign_in(api, " Zhang ")


@pytest.mark.parametrize("name", ["zhang\u200b", "\u202ezhang", "zh\u2060ang"])
async def test_a_name_is_taken_whatever_it_holds_that_nobody_sees(api: Any, name: str) -> None:
    await create_user(api, "zhang", "viewer")
    body = {"name": name, "role": "viewer", "password": PASSWORD}
    assert (await api.client.post("/v1/users", json=body)).status_code == 409


async def test_a_units_account_reads_and_reports_for_its_unit_alone(api: Any) -> None:
    await api.publish_plan()
    rows = await api.list_ledger()
    mine = rows[0]
    other = next(row for row in rows if row["unit_id"] != mine["unit_id"])
    person = await join(api, "联络员", "unit", unit_id=mine["unit_id"])
    seen = (await person.client.get("/v1/ledger?limit=500")).json()["items"]
    assert {row["unit_id"] for row in seen} == {mine["unit_id"]}
    body = {"status": "in-progress"}
    own = await person.client.post(f"/v1/obligations/{mine['obligation_id']}/status", json=body)
    foreign = await person.client.post(
        f"/v1/obligations/{other['obligation_id']}/status", json=body
    )
    assert (own.status_code, foreign.status_code) == (200, 404)
    refused = await person.client.get("/v1/journal")
    assert refused.status_code == 403
    assert "unit" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("role", "with_unit", "status"),
    [("unit", False, 422), ("editor", True, 422), ("chief", False, 422), ("unit", True, 201)],
)
async def test_a_role_fits_its_unit(api: Any, role: str, with_unit: bool, status: int) -> None:
    await api.import_units()
    unit = (await api.client.get("/v1/units")).json()["items"][0]["unit_id"]
    body = {"name": "张三", "role": role, "password": PASSWORD}
    body |= {"unit_id": unit} if with_unit else {}
    assert (await api.client.post("/v1/users", json=body)).status_code == status


async def test_a_weak_password_is_refused_with_a_reason(api: Any) -> None:
    body = {"name": "张三", "role": "viewer", "password": "12345678"}
    refused = await api.client.post("/v1/users", json=body)
    assert refused.status_code == 422
    assert refused.json()["hint"]
    assert "12345678" not in refused.text


async def test_a_disabled_account_is_out_at_once_until_it_is_enabled(api: Any) -> None:
    person = await join(api, "张三", "editor")
    disabled = await api.client.post(f"/v1/users/{person.user_id}/disable")
    assert disabled.json()["disabled_at"]
    assert (await person.client.get("/v1/me")).status_code == 401
    assert (await try_sign_in(api, "张三")).status_code == 401
    enabled = await api.client.post(f"/v1/users/{person.user_id}/enable")
    assert enabled.json()["disabled_at"] is None
    assert (await person.client.get("/v1/me")).status_code == 401, "a session does not come back"
    await sign_in(api, "张三")


async def test_a_reset_gives_a_new_password_and_ends_sessions_codes_and_lock(api: Any) -> None:
    person = await join(api, "张三", "editor")
    for _ in range(4):
        await try_sign_in(api, "张三", OTHER)
    reset = await api.client.post(f"/v1/users/{person.user_id}/reset", json={"password": OTHER})
    assert reset.status_code == 200
    assert (await person.client.get("/v1/me")).status_code == 401
    await sign_in(api, "张三", OTHER)


async def test_a_role_changes_at_once(api: Any) -> None:
    person = await join(api, "张三", "viewer")
    changed = await api.client.post(f"/v1/users/{person.user_id}/role", json={"role": "editor"})
    assert changed.json()["role"] == "editor"
    assert (await person.client.get("/v1/me")).status_code == 401
    again = await sign_in(api, "张三")
    assert "edit-plans" in (await again.client.get("/v1/me")).json()["permissions"]


async def test_an_administrator_keeps_the_own_account(api: Any) -> None:
    admin = await join(api, "主任", "admin")
    own = f"/v1/users/{admin.user_id}"
    assert (await admin.client.post(f"{own}/disable")).status_code == 409
    assert (await admin.client.post(f"{own}/role", json={"role": "viewer"})).status_code == 409


async def test_an_administrator_sees_and_ends_the_sessions_of_an_account(api: Any) -> None:
    admin, person = await join(api, "主任", "admin"), await join(api, "张三", "viewer")
    path = f"/v1/users/{person.user_id}/sessions"
    listed = (await admin.client.get(path)).json()["items"]
    assert [row["session_id"] for row in listed] == [person.session_id]
    assert (await admin.client.delete(path)).json() == {"ended": 1}
    assert (await person.client.get("/v1/me")).status_code == 401


async def test_each_change_stands_in_the_journal(api: Any) -> None:
    person = await join(api, "张三", "viewer")
    path = f"/v1/users/{person.user_id}"
    await api.client.post(f"{path}/role", json={"role": "editor"})
    await api.client.post(f"{path}/disable")
    await api.client.post(f"{path}/disable")
    await api.client.post(f"{path}/enable")
    await api.client.post(f"{path}/reset", json={"password": OTHER})
    rows = await api.fetch_rows(
        "SELECT action, before, after FROM ingest.journal WHERE subject = :id ORDER BY id",
        id=person.user_id,
    )
    assert [row.action for row in rows] == [
        "user.created",
        "user.role-changed",
        "sessions.ended",
        "user.disabled",
        "user.enabled",
        "user.reset",
    ]
    assert (rows[1].before["role"], rows[1].after["role"]) == ("viewer", "editor")
    assert OTHER not in repr(rows)
    assert (await api.client.get("/v1/audit/verify")).json()["broken"] is None


async def test_a_key_belongs_to_the_account_and_not_to_its_session(api: Any) -> None:
    await create_user(api, "主任", "admin")
    first, second = await sign_in(api, "主任"), await sign_in(api, "主任")
    body = {"name": "张三", "role": "viewer", "password": PASSWORD}
    key = {"Idempotency-Key": "same"}
    made = await first.client.post("/v1/users", json=body, headers=key)
    again = await second.client.post("/v1/users", json=body, headers=key)
    assert again.json() == made.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_no_password_stands_in_the_fingerprint_of_a_request(api: Any) -> None:
    """Who reads the table could try passwords against a fast digest."""
    person = await create_user(api, "张三", "viewer")
    path, key = f"/v1/users/{person['user_id']}/reset", {"Idempotency-Key": "1"}
    await api.client.post(path, json={"password": PASSWORD}, headers=key)
    again = await api.client.post(path, json={"password": OTHER}, headers=key)
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_first_administrator_is_made_before_anybody_can_sign_in(api: Any) -> None:
    async with api.engine.begin() as db:
        made = await create_account(db, api.office_id, "主任", AccountRole.ADMIN, PASSWORD, now=NOW)
        again = await create_account(db, api.office_id, "主任", AccountRole.ADMIN, OTHER, now=NOW)
    assert (made, again) == (True, False)
    await sign_in(api, "主任")
    async with api.engine.begin() as db:
        with pytest.raises(CuibanError):
            await create_account(
                db, api.office_id, "副主任", AccountRole.ADMIN, "12345678", now=NOW
            )
