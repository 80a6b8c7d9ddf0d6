"""Wrong links and codes: one answer for all, after a fixed time, and slowed down."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.ingest.handlers.office.bootstrap import create_office
from shared.clock import monotonic
from shared.links import hash_address
from shared.schemas import identity
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.people import forget_failures, prolong_pauses
from tests.integration.ingest.portal import FOREIGN, MOBILE, Portal, describe, make_portal

pytestmark = pytest.mark.integration


@pytest.fixture
async def portal(api: Any) -> Portal:
    return await make_portal(api)


async def list_wrong(portal: Portal) -> dict[str, Callable[[], Awaitable[httpx.Response]]]:
    """Each way in which a link or a code can be wrong."""
    async with portal.api.engine.begin() as db:
        foreign = await create_office(db, "santai", "三台县政务公开办", NOW)
    deputy = identity.derive_contact_id(portal.unit_id, "deputy", 0)
    token = portal.token
    tokens = {
        "guessed": "x" * len(token),
        "altered": token[:-5] + ("A" if token[-5] != "A" else "B") + token[-4:],
        "altered in its last bits": token[:-1] + chr(ord(token[-1]) + 1),
        "another key": portal.sign(FOREIGN),
        "another office": portal.sign(office_id=foreign),
        "another unit": portal.sign(unit_id=portal.other_unit),
        "no such unit": portal.sign(unit_id=uuid4()),
        "another contact": portal.sign(contact_id=deputy),
        "another address": portal.sign(digest=hash_address("former@yanting.example")),
        "expired and another address": portal.sign(
            digest=hash_address("former@yanting.example"), expires_at=NOW - timedelta(days=9)
        ),
        "no text": "催办\x00",
        "too long": token * 5,
    }

    def ask(token: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: portal.open(token)

    wrong = {name: ask(each) for name, each in tokens.items()}
    wrong["guessed code"] = lambda: portal.type_in(MOBILE, "12345678")
    wrong["code of no number"] = lambda: portal.type_in("13900000000", portal.make_code())
    wrong["code of another key"] = lambda: portal.type_in(MOBILE, portal.make_code(key=FOREIGN))
    wrong["code of another unit"] = lambda: portal.type_in(
        MOBILE, portal.make_code(unit_id=portal.other_unit)
    )
    wrong["no number"] = lambda: portal.type_in("x\x00", "一二三四五六七八")
    return wrong


async def test_whatever_is_wrong_the_answer_is_the_same(portal: Portal) -> None:
    answers = {}
    for name, ask in (await list_wrong(portal)).items():
        answers[name] = describe(await ask())
        await forget_failures(portal.api)
    await portal.revoke()
    answers["revoked"] = describe(await portal.open(portal.token))
    answers["code revoked"] = describe(await portal.type_in(MOBILE, portal.make_code()))
    portal.configure(link_keys=SecretStr(""))
    answers["no keys"] = describe(await portal.open(portal.token))
    assert {status for status, _ in answers.values()} == {404}, answers
    assert len(set(answers.values())) == 1
    assert await portal.count("link_sessions") == 0


async def test_every_refusal_comes_a_fixed_time_after_its_request(portal: Portal) -> None:
    portal.configure(link_delay=timedelta(seconds=0.4))
    expired = portal.sign(expires_at=NOW - timedelta(seconds=1))
    for ask in (
        lambda: portal.open("x"),
        lambda: portal.open(portal.sign(unit_id=portal.other_unit)),
        lambda: portal.open(expired),
        lambda: portal.type_in(MOBILE, "12345678"),
        lambda: portal.renew("x"),
        lambda: portal.renew(expired),
    ):
        began = monotonic()
        await ask()
        assert monotonic() - began >= 0.4


async def test_guessing_a_code_is_slowed_and_locked_whether_the_number_is_known_or_not(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        prolong_pauses(patch)
        for mobile in (MOBILE, "13900000000"):
            seen = [(await portal.type_in(mobile, "00000000")).status_code for _ in range(5)]
            assert seen == [404, 404, 404, 404, 429], mobile
        waiting = await portal.type_in(MOBILE, portal.make_code())
        assert waiting.status_code == 429, "the right code has to wait too"
        assert int(waiting.headers["retry-after"]) >= 1
    for _ in range(2):
        await forget_failures(portal.api)
        last = await portal.type_in(MOBILE, "00000000")
    assert last.status_code == 404
    locked = await portal.type_in(MOBILE, portal.make_code())
    assert int(locked.headers["retry-after"]) > 3000, "an hour"
    await forget_failures(portal.api)
    assert (await portal.type_in(MOBILE, portal.make_code())).status_code == 201


async def test_guessing_links_is_limited_by_address(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    prolong_pauses(monkeypatch)
    statuses = [(await portal.open("x")).status_code for _ in range(52)]
    assert statuses[:51] == [404] * 51
    assert statuses[51] == 429
