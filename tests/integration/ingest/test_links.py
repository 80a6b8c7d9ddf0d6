"""A contact opens a session by a signed link or a code, and no wrong one is told from another."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from shared.links import hash_address
from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.portal import FOREIGN, KEY, MOBILE, OLD, Portal, describe, make_portal

pytestmark = pytest.mark.integration


@pytest.fixture
async def portal(api: Any) -> Portal:
    return await make_portal(api)


async def test_a_link_opens_a_session_of_its_unit_alone_and_may_be_opened_again(
    portal: Portal,
) -> None:
    for _ in range(2):
        answer = await portal.open(portal.token)
        assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["unit"]["name"] == "县财政局"
    assert body["office"]["name"] == "盐亭县政务公开办"
    assert body["contact"]["post"] == "liaison"
    contact = portal.api.open(body["secret"])
    rows = (await contact.get("/v1/ledger")).json()["items"]
    assert {row["unit_id"] for row in rows} == {str(portal.unit_id)}
    assert (await contact.get(f"/v1/units/{portal.other_unit}")).status_code == 404
    query = {"unit_id": str(portal.other_unit)}
    assert (await contact.get("/v1/ledger", params=query)).status_code == 404
    for path in ("/v1/journal", "/v1/tokens", "/v1/users", "/v1/sessions", "/v1/office/settings"):
        assert (await contact.get(path)).status_code == 403, path
    own = f"/v1/obligations/{rows[0]['obligation_id']}"
    version = (await contact.get(own)).json()["version"]
    done = await contact.post(f"{own}/accept", json={"version": version, "note": ""})
    assert done.status_code == 200, done.text
    other = (await portal.api.list_ledger(unit_id=str(portal.other_unit)))[0]
    there = f"/v1/obligations/{other['obligation_id']}/accept"
    refused = await contact.post(there, json={"version": version, "note": ""})
    assert refused.status_code == 404
    entry = (await portal.api.client.get("/v1/journal")).json()["items"]
    assert "县财政局 联络员" in {each["actor"] for each in entry}
    me = (await contact.get("/v1/me")).json()
    assert (me["unit_id"], me["scopes"]) == (str(portal.unit_id), ["read", "report"])


async def test_a_code_opens_a_session_with_its_mobile_number_alone(portal: Portal) -> None:
    code = portal.make_code()
    typed = await portal.type_in("138 0000 0001", f"{code[:4]} {code[4:]}")
    assert typed.status_code == 201, typed.text
    assert typed.json()["unit"]["unit_id"] == str(portal.unit_id)
    contact = portal.api.open(typed.json()["secret"])
    assert (await contact.get("/v1/ledger")).status_code == 200
    assert (await portal.type_in("13800000002", code)).status_code == 404
    portal.api.clock.instant = NOW + timedelta(days=8)
    assert (await portal.type_in(MOBILE, code)).status_code == 404


@pytest.mark.parametrize("how", ["contact", "term", "retired", "withdrawn", "revoked", "post"])
async def test_what_ends_a_link_ends_its_session_too(portal: Portal, how: str) -> None:
    contact = await portal.enter()
    assert (await contact.get("/v1/ledger")).status_code == 200
    unit = f"/v1/units/{portal.unit_id}"
    liaison = {"post": "liaison", "name": "新", "email": "new@yanting.example"}
    match how:
        case "contact":
            await portal.post(f"{unit}/contacts", liaison)
        case "term":
            same = liaison | {"email": "czj@yanting.example", "mobile": MOBILE}
            await portal.post(f"{unit}/contacts", same | {"valid_to": "2023-06-20"})
            assert (await portal.open(portal.token)).status_code == 201, "the same address"
            midnight = datetime(2023, 6, 20, 16, tzinfo=UTC)
            portal.api.clock.instant = midnight - timedelta(minutes=1)
            assert (await portal.open(portal.token)).status_code == 201, "the last day"
            portal.api.clock.instant = midnight
            assert portal.link.expires_at > portal.api.clock.now()
        case "retired":
            await portal.post(f"{unit}/retire", {"reason": "机构合并"})
        case "withdrawn":
            await portal.post(f"{portal.plan}/withdraw", {"note": "文件已废止"})
        case "revoked":
            await portal.revoke()
        case _:
            await portal.revoke(post="liaison")
    assert (await portal.open(portal.token)).status_code == 404
    assert (await contact.get("/v1/ledger")).status_code == 401


async def test_a_revocation_ends_what_was_issued_before_it_alone(portal: Portal) -> None:
    await portal.revoke(post="deputy")
    assert (await portal.open(portal.token)).status_code == 201, "another post"
    revoked = await portal.revoke()
    assert revoked["posts"] == ["liaison", "deputy", "head"]
    assert (await portal.open(portal.token)).status_code == 404
    later = portal.sign(issued_at=NOW + timedelta(seconds=1))
    assert (await portal.open(later)).status_code == 201
    portal.api.clock.instant = NOW + timedelta(days=1)
    assert (await portal.type_in(MOBILE, portal.make_code())).status_code == 201, "the next day"


async def test_keys_are_rotated_without_ending_links(portal: Portal) -> None:
    assert (await portal.open(portal.sign(OLD))).status_code == 201
    assert (await portal.type_in(MOBILE, portal.make_code(key=OLD))).status_code == 201
    portal.configure(link_keys=SecretStr(KEY))
    assert (await portal.open(portal.sign(OLD))).status_code == 404
    assert (await portal.open(portal.token)).status_code == 201


async def test_an_expired_link_says_so_and_a_new_one_goes_to_the_registered_address(
    portal: Portal,
) -> None:
    expired = portal.sign(expires_at=NOW)
    answer = await portal.open(expired)
    assert answer.status_code == 410
    assert "/v1/links/renew" in answer.json()["hint"]
    told = {describe(await portal.renew(each)) for each in (expired, "x", expired)}
    assert len(told) == 1
    assert next(iter(told))[0] == 202
    (request,) = await portal.list_requests()
    assert request["contact_id"] == str(portal.link.contact_id)
    assert "@" not in json.dumps(request), "no address: the notifier takes the directory's"
    portal.api.clock.instant = NOW + timedelta(minutes=59)
    await portal.renew(expired)
    assert len(await portal.list_requests()) == 1, "once an hour"
    portal.api.clock.instant = NOW + timedelta(hours=1)
    await portal.renew(expired)
    assert len(await portal.list_requests()) == 2


async def test_a_link_that_is_not_merely_expired_is_not_renewed(portal: Portal) -> None:
    old = NOW - timedelta(days=9)
    former = portal.sign(digest=hash_address("former@yanting.example"), expires_at=old)
    foreign = portal.sign(FOREIGN, expires_at=old)
    await portal.renew(former)
    await portal.renew(foreign)
    await portal.revoke()
    await portal.renew(portal.sign(expires_at=old))
    assert await portal.list_requests() == []
    addressed = {"token": former, "email": "me@evil.example"}
    refused = await portal.client.post("/v1/links/renew", json=addressed)
    assert refused.status_code == 422, "a request names no address"


async def test_get_and_head_change_nothing(portal: Portal) -> None:
    tables = ("journal", "outbox", "link_sessions", "contact_links", "sign_in_failures")
    before = [await portal.count(table) for table in tables]
    token = portal.token
    for path in (
        "/v1/links/open",
        "/v1/links/renew",
        f"/v1/links/{token}",
        f"/u/{token}",
        f"/v1/links/open?token={token}",
    ):
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = await portal.client.request(method, path)
            assert answer.status_code in {404, 405}, (method, path, answer.status_code)
    assert [await portal.count(table) for table in tables] == before


async def test_no_log_and_no_table_has_a_token_a_code_or_a_secret(
    portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    token, code = portal.token, portal.make_code()
    secrets = [token, code, (await portal.open(token)).json()["secret"]]
    await portal.type_in(MOBILE, code)
    await portal.open(token[:-3])
    await portal.open("x" * 5000)
    await portal.renew(token)
    await portal.client.post("/v1/links/open", json={"token": token, "code": code})
    await portal.client.get(f"/u/{token}")
    await portal.client.get(f"/v1/links/{token}")
    output = "".join(capsys.readouterr())
    assert not [secret for secret in secrets if secret in output or secret[:-3] in output]
    for table in ("journal", "outbox", "link_sessions", "contact_links", "sign_in_failures"):
        query = f"SELECT CAST(t AS text) FROM ingest.{table} AS t"  # noqa: S608 - our own words
        for row in await portal.api.fetch_rows(query):
            assert not [secret for secret in secrets if secret in row[0]], table


async def test_a_session_ends_after_its_time(portal: Portal) -> None:
    contact = await portal.enter()
    async with portal.api.engine.begin() as db:
        await db.exec_driver_sql("UPDATE ingest.link_sessions SET expires_at = now()")
    assert (await contact.get("/v1/ledger")).status_code == 401


async def test_the_command_revokes_the_links_of_a_unit_or_of_one_post(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serve_command(portal.api, monkeypatch, capsys) as cuiban:
        typed = ("links", "revoke", "县财政局", "--reason", "手机遗失")
        deputies = await cuiban(*typed, "--contact", "deputy", "--json")
        assert (deputies.status, deputies.json["posts"]) == (0, ["deputy"])
        assert "have ended" in (await cuiban(*typed)).out
    portal.configure()
    assert (await portal.open(portal.token)).status_code == 404
    actions = await portal.api.fetch_rows("SELECT action, after FROM ingest.journal ORDER BY id")
    assert [row.after["reason"] for row in actions if row.action == "links.revoked"] == [
        "手机遗失"
    ] * 2


async def test_a_contact_leaves_and_the_link_opens_another_session(portal: Portal) -> None:
    contact, other = await portal.enter(), await portal.enter()
    assert (await contact.delete("/v1/links/session")).status_code == 204
    assert (await contact.get("/v1/ledger")).status_code == 401
    assert (await contact.delete("/v1/links/session")).status_code == 401
    assert (await other.get("/v1/ledger")).status_code == 200, "another session of the same link"
    assert (await (await portal.enter()).get("/v1/ledger")).status_code == 200
    unit = await portal.api.open_as("read", "report", unit_id=portal.unit_id)
    refused = await unit.delete("/v1/links/session")
    assert (refused.status_code, "No link" in refused.json()["detail"]) == (404, True)
    assert (await unit.get("/v1/ledger")).status_code == 200


async def close(portal: Portal) -> httpx.Response:
    """Leave a session; opening it has an entry of its own."""
    return await (await portal.enter()).delete("/v1/links/session")


WAYS: dict[tuple[str, str], Callable[[Portal], Awaitable[httpx.Response]]] = {
    ("POST", "/v1/links/open"): lambda portal: portal.open(portal.token),
    ("POST", "/v1/links/renew"): lambda portal: portal.renew(portal.token),
    ("DELETE", "/v1/links/session"): close,
    ("POST", "/v1/units/{unit_id}/links/revoke"): lambda portal: portal.api.client.post(
        f"/v1/units/{portal.unit_id}/links/revoke", json={"note": "手机遗失"}
    ),
}
"""`tests.integration.ingest.test_journal` makes sure that every way is in one of the tables."""


async def test_every_change_leaves_an_entry(portal: Portal) -> None:
    for way, change in WAYS.items():
        before = await portal.count("journal")
        answer = await change(portal)
        assert answer.is_success, (way, answer.text)
        entries = 2 if change is close else 1
        assert await portal.count("journal") == before + entries, way
    assert (await portal.api.client.get("/v1/audit/verify")).json()["broken"] is None
