"""One-time codes and recovery codes at sign-in."""

from typing import Any

import pyotp
import pytest

from tests.integration.ingest.people import (
    OTHER,
    PASSWORD,
    forget_failures,
    join,
    sign_in,
    try_sign_in,
)

pytestmark = pytest.mark.integration


async def enrol(person: Any) -> tuple[str, list[str]]:
    """Turn on one-time codes; the secret and the recovery codes."""
    secret = (await person.client.post("/v1/me/totp")).json()["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    confirmed = await person.client.post("/v1/me/totp/confirm", json=code)
    assert confirmed.status_code == 200, confirmed.text
    return secret, confirmed.json()["recovery_codes"]


async def allow_codes_again(api: Any) -> None:
    """As if the last code had been accepted long ago."""
    async with api.engine.begin() as db:
        await db.exec_driver_sql("UPDATE ingest.users SET code_step = code_step - 100")


async def test_one_time_codes_are_asked_for_and_accepted_once(api: Any) -> None:
    person = await join(api, "张三", "admin")
    elsewhere = await sign_in(api, "张三")
    secret, _ = await enrol(person)
    assert (await elsewhere.client.get("/v1/me")).status_code == 401
    await allow_codes_again(api)

    without = await try_sign_in(api, "张三")
    assert (without.status_code, without.json()["type"]) == (401, "urn:cuiban:problem:code-needed")
    wrong = await try_sign_in(api, "张三", code="000000")
    assert wrong.json()["type"] == "urn:cuiban:problem:code-wrong"
    code = pyotp.TOTP(secret).now()
    await sign_in(api, "张三", code=code)
    assert (await try_sign_in(api, "张三", code=code)).status_code == 401


async def test_the_code_that_turned_codes_on_signs_nobody_in(api: Any) -> None:
    person = await join(api, "张三", "admin")
    secret = (await person.client.post("/v1/me/totp")).json()["secret"]
    code = pyotp.TOTP(secret).now()
    await person.client.post("/v1/me/totp/confirm", json={"code": code})
    assert (await try_sign_in(api, "张三", code=code)).status_code == 401


async def test_a_recovery_code_replaces_a_one_time_code_once(api: Any) -> None:
    person = await join(api, "张三", "admin")
    _, codes = await enrol(person)
    await sign_in(api, "张三", code=codes[0])
    assert (await try_sign_in(api, "张三", code=codes[0])).status_code == 401
    await sign_in(api, "张三", code=codes[1].upper())
    stored = await api.fetch_rows("SELECT * FROM ingest.recovery_codes")
    assert len(stored) == 8
    assert codes[2] not in repr(stored)


async def test_asking_without_a_code_does_not_forget_wrong_codes(api: Any) -> None:
    person = await join(api, "张三", "admin")
    await enrol(person)
    for _ in range(9):
        assert (await try_sign_in(api, "张三", code="000000")).status_code == 401
        await forget_failures(api)
        assert (await try_sign_in(api, "张三")).status_code == 401
        await forget_failures(api)
    await try_sign_in(api, "张三", code="000000")
    assert (await try_sign_in(api, "张三", code="000000")).status_code == 429


async def test_one_time_codes_are_turned_off_with_the_password(api: Any) -> None:
    person = await join(api, "张三", "admin")
    await enrol(person)
    assert (await person.client.post("/v1/me/totp")).status_code == 409
    wrong = await person.client.post("/v1/me/totp/disable", json={"password": OTHER})
    assert wrong.status_code == 401
    right = await person.client.post("/v1/me/totp/disable", json={"password": PASSWORD})
    assert right.json()["one_time_codes"] is False
    await sign_in(api, "张三")


async def test_a_first_code_must_be_right(api: Any) -> None:
    person = await join(api, "张三", "admin")
    nothing = await person.client.post("/v1/me/totp/confirm", json={"code": "123456"})
    assert nothing.status_code == 409
    await person.client.post("/v1/me/totp")
    wrong = await person.client.post("/v1/me/totp/confirm", json={"code": "abc"})
    assert wrong.status_code == 422
    await sign_in(api, "张三")
