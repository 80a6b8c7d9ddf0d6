"""The sinks speak the real protocols, keep what they took, and break as they are told."""

import asyncio
import time
from base64 import b64encode
from pathlib import Path

import aiosmtplib
import pytest
from aiohttp import ClientError, ClientSession

from lab.stack.processes import spawn, wait_ready
from lab.stack.testing import prepare_sinks
from tests.integration.lab.stack.sink_requests import SECRET, Sinks, got, mail, offer_mail, post_sms

pytestmark = pytest.mark.integration


async def test_a_mail_is_kept_with_all_its_parts(sinks: Sinks, http: ClientSession) -> None:
    await offer_mail(sinks, mail())
    (kept,) = await got(http)
    assert kept["id"] == "<one@cuiban.example>"
    assert kept["unit"] == "县财政局"
    assert kept["to"] == "caizheng@yanting.example"
    assert kept["from"] == "office@cuiban.example"
    assert kept["subject"] == "工作提醒：2项工作即将到期"
    assert kept["text"].strip() == "纯文本正文"
    assert kept["html"].strip() == "<p>正文</p>"
    assert "X-Cuiban-Unit: =?utf-8?" in kept["raw"]


async def test_a_signed_short_message_is_kept_and_every_repeat_of_it(http: ClientSession) -> None:
    assert await post_sms(http) == (200, {"code": 0, "message_id": "sink-sms-1"})
    assert (await post_sms(http))[0] == 200
    kept = await got(http, channel="sms", to="13800000000")
    assert [(each["id"], each["unit"], each["text"]) for each in kept] == [
        ("sms-1", "县水利局", "【盐亭政务】请及时办理")
    ] * 2
    async with http.get("/counts") as answer:
        counts = await answer.json()
    assert (counts["email"], counts["sms"], counts["received"]["sms"]) == (0, 1, 2)


async def test_a_wrong_or_old_signature_is_refused(http: ClientSession) -> None:
    wrong = "whsec_" + b64encode(b"another key").decode()
    assert (await post_sms(http, secret=wrong))[0] == 401
    assert (await post_sms(http, age=600))[0] == 401
    assert await got(http) == []


async def test_messages_are_read_on_from_where_one_stopped(http: ClientSession) -> None:
    for number in range(3):
        await post_sms(http, f"sms-{number}")
    (first,) = await got(http, limit="1")
    rest = await got(http, after=str(first["seq"]))
    assert [each["id"] for each in (first, *rest)] == ["sms-0", "sms-1", "sms-2"]


async def test_a_broken_mail_server_refuses_and_rejects(sinks: Sinks, http: ClientSession) -> None:
    for mode, code in (("refuse", 451), ("reject", 550)):
        await http.put("/faults", json={"email": mode})
        with pytest.raises(aiosmtplib.SMTPDataError) as told:
            await offer_mail(sinks, mail())
        assert told.value.code == code
    assert await got(http) == []
    await http.put("/faults", json={"email": "ok"})
    await offer_mail(sinks, mail())
    assert len(await got(http)) == 1


async def test_a_broken_sms_gateway_answers_as_told(http: ClientSession) -> None:
    for mode, status, code in (("refuse", 503, 503), ("reject", 400, 400)):
        await http.put("/faults", json={"sms": mode})
        answer = await post_sms(http)
        assert (answer[0], answer[1]["code"]) == (status, code)
    await http.put("/faults", json={"sms": "false-success"})
    status, said = await post_sms(http)
    assert (status, said["code"]) == (200, 5001)
    assert await got(http) == []


async def test_a_gateway_answers_with_any_status_and_remembers_whom_it_refused(
    sinks: Sinks, http: ClientSession
) -> None:
    await http.put("/faults", json={"sms": "answer:410", "email": "answer:403"})
    status, said = await post_sms(http)
    assert (status, said["code"]) == (410, 410)
    with pytest.raises(aiosmtplib.SMTPDataError) as told:
        await offer_mail(sinks, mail())
    assert told.value.code == 550
    assert await got(http) == []
    async with http.get("/refusals") as answer:
        refused = await answer.json()
    assert [(channel, status) for channel, _, status in refused] == [("sms", 410), ("email", 403)]
    assert all(ident for _, ident, _ in refused)


async def test_a_proxy_answers_with_an_error_for_a_message_that_was_taken(
    http: ClientSession,
) -> None:
    await http.put("/faults", json={"sms": "proxy:502"})
    status, _ = await post_sms(http)
    assert status == 502
    (kept,) = await got(http)
    assert not kept["answered"]


async def test_drop_keeps_the_message_and_says_nothing(sinks: Sinks, http: ClientSession) -> None:
    await http.put("/faults", json={"email": "drop", "sms": "drop"})
    with pytest.raises(ClientError):
        await post_sms(http)
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await offer_mail(sinks, mail())
    kept = await got(http)
    assert {each["channel"] for each in kept} == {"email", "sms"}
    assert not any(each["answered"] for each in kept)


async def test_hang_answers_nothing_until_it_is_mended(sinks: Sinks, http: ClientSession) -> None:
    await http.put("/faults", json={"email": "hang", "sms": "hang"})
    waiting = [asyncio.create_task(post_sms(http)), asyncio.create_task(offer_mail(sinks, mail()))]
    done, _ = await asyncio.wait(waiting, timeout=0.5)
    assert not done
    await http.put("/faults", json={"email": "ok", "sms": "ok"})
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(each, Exception) for each in ended)
    assert await got(http) == []


async def test_late_keeps_the_message_and_knows_whether_the_sender_heard(
    sinks: Sinks, http: ClientSession
) -> None:
    await http.put("/faults", json={"email": "late:300", "sms": "late:300"})
    await post_sms(http)
    await offer_mail(sinks, mail())
    assert [each["answered"] for each in await got(http)] == [True, True]
    await http.delete("/messages")
    await http.put("/faults", json={"email": "late:5000", "sms": "late:5000"})
    mailer = aiosmtplib.SMTP(hostname="127.0.0.1", port=sinks.smtp_port)
    await mailer.connect()
    senders = [
        asyncio.create_task(post_sms(http)),
        asyncio.create_task(mailer.send_message(mail())),
    ]
    async with asyncio.timeout(60):
        while len(await got(http)) < len(senders):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(0.05)
    senders[0].cancel()
    mailer.close()
    await asyncio.gather(*senders, return_exceptions=True)
    await asyncio.sleep(5)  # until both would have been answered
    assert [each["answered"] for each in await got(http)] == [False, False]


async def test_a_mail_servers_false_success_is_no_reply_and_keeps_nothing(
    sinks: Sinks, http: ClientSession
) -> None:
    await http.put("/faults", json={"email": "false-success"})
    with pytest.raises(aiosmtplib.SMTPException):
        await offer_mail(sinks, mail())
    assert await got(http) == []


async def test_slow_answers_late(http: ClientSession) -> None:
    await http.put("/faults", json={"sms": "slow:300"})
    began = time.monotonic()
    assert (await post_sms(http))[0] == 200
    assert time.monotonic() - began >= 0.3


async def test_a_fault_that_does_not_exist_is_told(http: ClientSession) -> None:
    async with http.put("/faults", json={"email": "no-such-fault"}) as answer:
        assert answer.status == 400


async def test_what_was_taken_survives_kill_9(state: Path) -> None:
    program, smtp_port, http_port = prepare_sinks(state, SECRET)
    child = spawn(program, mark=state)
    await asyncio.to_thread(wait_ready, program, child)
    sinks = Sinks(smtp_port, f"http://127.0.0.1:{http_port}")
    await offer_mail(sinks, mail())
    child.kill()
    child.wait(timeout=60)

    child = spawn(program, mark=state)
    try:
        await asyncio.to_thread(wait_ready, program, child)
        async with ClientSession(base_url=sinks.url) as http:
            assert [each["unit"] for each in await got(http)] == ["县财政局"]
    finally:
        child.terminate()
        child.wait(timeout=60)
