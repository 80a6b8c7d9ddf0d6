"""People who sign in to the API of a test."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.ingest.domain.sign_in_limits import SignInLimit

PASSWORD = "绿色 订书机 七月 河"
OTHER = "蓝色 回形针 八月 山"


@dataclass
class Person:
    """An account with an open session."""

    user_id: str
    session_id: str
    token: str
    client: httpx.AsyncClient


async def create_user(api: Any, name: str, role: str, **more: Any) -> dict[str, Any]:
    body = {"name": name, "role": role, "password": PASSWORD} | more
    answer = await api.client.post("/v1/users", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def try_sign_in(
    api: Any, name: str, password: str = PASSWORD, code: str = ""
) -> httpx.Response:
    body = {"name": name, "password": password, "code": code}
    return await api.open("").post("/v1/sessions", json=body, headers={"Authorization": ""})


async def sign_in(api: Any, name: str, password: str = PASSWORD, code: str = "") -> Person:
    answer = await try_sign_in(api, name, password, code)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    client = api.open(body["token"])
    return Person(body["user"]["user_id"], body["session"]["session_id"], body["token"], client)


async def join(api: Any, name: str, role: str, **more: Any) -> Person:
    """Make an account and sign in with it."""
    await create_user(api, name, role, **more)
    return await sign_in(api, name)


async def forget_failures(api: Any) -> None:
    """As if the pauses after failed sign-ins were over."""
    async with api.engine.begin() as db:
        await db.exec_driver_sql(
            "UPDATE ingest.sign_in_failures SET free_at = free_at - interval '1 day'"
        )


def prolong_pauses(patch: pytest.MonkeyPatch) -> None:
    """Make each pause after failures an hour or more, however long an attempt takes here."""
    compute = SignInLimit.compute_pause

    def compute_longer(limit: SignInLimit, failures: int) -> timedelta:
        return 3600 * compute(limit, failures)

    patch.setattr(SignInLimit, "compute_pause", compute_longer)
