"""Whatever changes an account or a session leaves an entry in the journal."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pyotp
import pytest

from tests.integration.ingest.people import OTHER, PASSWORD, Person, sign_in

pytestmark = pytest.mark.integration


class People:
    """One request for each way to change an account or a session, in an order that works."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.user_id = self.secret = ""
        self.person: Any = None

    async def create(self) -> httpx.Response:
        body = {"name": "张三", "role": "viewer", "password": PASSWORD}
        answer: httpx.Response = await self.api.client.post("/v1/users", json=body)
        self.user_id = answer.json()["user_id"]
        return answer

    async def change(self, action: str, **body: str) -> httpx.Response:
        path = f"/v1/users/{self.user_id}/{action}"
        answer: httpx.Response = await self.api.client.post(path, json=body or None)
        return answer

    async def enter(self, password: str = PASSWORD) -> Person:
        return await sign_in(self.api, "张三", password)

    async def sign_in(self) -> httpx.Response:
        body = {"name": "张三", "password": PASSWORD}
        answer: httpx.Response = await self.api.open("x").post("/v1/sessions", json=body)
        return answer

    async def end_all(self) -> httpx.Response:
        answer: httpx.Response = await self.api.client.delete(f"/v1/users/{self.user_id}/sessions")
        return answer

    async def end_others(self) -> httpx.Response:
        await self.enter()
        return await (await self.enter()).client.delete("/v1/sessions")

    async def end_one(self) -> httpx.Response:
        other = await self.enter()
        return await (await self.enter()).client.delete(f"/v1/sessions/{other.session_id}")

    async def sign_out(self) -> httpx.Response:
        return await (await self.enter()).client.delete("/v1/sessions/current")

    async def start_codes(self) -> httpx.Response:
        self.person = await self.enter()
        answer: httpx.Response = await self.person.client.post("/v1/me/totp")
        self.secret = answer.json()["secret"]
        return answer

    async def confirm_codes(self) -> httpx.Response:
        body = {"code": pyotp.TOTP(self.secret).now()}
        answer: httpx.Response = await self.person.client.post("/v1/me/totp/confirm", json=body)
        return answer

    async def disable_codes(self) -> httpx.Response:
        body = {"password": PASSWORD}
        answer: httpx.Response = await self.person.client.post("/v1/me/totp/disable", json=body)
        return answer

    async def change_password(self) -> httpx.Response:
        body = {"current": PASSWORD, "new": OTHER}
        answer: httpx.Response = await self.person.client.post("/v1/me/password", json=body)
        return answer


WAYS: dict[tuple[str, str], Callable[[People], Awaitable[httpx.Response]]] = {
    ("POST", "/v1/users"): People.create,
    ("POST", "/v1/users/{user_id}/role"): lambda people: people.change("role", role="editor"),
    ("POST", "/v1/users/{user_id}/disable"): lambda people: people.change("disable"),
    ("POST", "/v1/users/{user_id}/enable"): lambda people: people.change("enable"),
    ("POST", "/v1/sessions"): People.sign_in,
    ("DELETE", "/v1/users/{user_id}/sessions"): People.end_all,
    ("DELETE", "/v1/sessions"): People.end_others,
    ("DELETE", "/v1/sessions/{session_id}"): People.end_one,
    ("DELETE", "/v1/sessions/current"): People.sign_out,
    ("POST", "/v1/me/totp"): People.start_codes,
    ("POST", "/v1/me/totp/confirm"): People.confirm_codes,
    ("POST", "/v1/me/totp/disable"): People.disable_codes,
    ("POST", "/v1/me/password"): People.change_password,
    ("POST", "/v1/users/{user_id}/reset"): lambda people: people.change("reset", password=OTHER),
}
"""`tests.integration.ingest.test_journal` makes sure that every way is in one of the tables."""


async def test_every_change_of_an_account_leaves_an_entry(api: Any) -> None:
    people = People(api)
    for way, change in WAYS.items():
        query = "SELECT id, actor, at, before, after FROM ingest.journal ORDER BY id DESC LIMIT 1"
        before = (await api.fetch_rows(query))[0]
        answer = await change(people)
        assert answer.is_success, (way, answer.text)
        entry = (await api.fetch_rows(query))[0]
        assert entry.id > before.id, way
        assert entry.actor in {"office", "张三"}
        assert PASSWORD not in repr(entry)
    assert (await api.client.get("/v1/audit/verify")).json()["broken"] is None
