"""The gateways over HTTP against a real server: what each answer means."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
    Refusal,
)
from services.notifier.gateways.building import make_webhook
from services.notifier.gateways.http_gateway import HttpGateway
from services.notifier.gateways.protocol import Gateway
from shared.clock import read_machine_time
from tests.integration.notifier.messages import LONG, MESSAGE, SHORT
from tests.integration.notifier.sinks import SmsSink
from tests.integration.notifier.world import SECRET

pytestmark = pytest.mark.integration


def webhook(sink: SmsSink, timeout: timedelta = LONG) -> HttpGateway:
    vendor = make_webhook(sink.url, SECRET, success=("0", "ok"), permanent=("illegalmac",))
    return HttpGateway(vendor, timeout=timeout, now=read_machine_time)


HTTP_GATEWAYS = [webhook]
"""Each gateway over HTTP passes the tests that use `sms`."""


@pytest.fixture(params=HTTP_GATEWAYS)
async def sms(sms_sink: SmsSink, request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    gateway = request.param(sms_sink)
    yield gateway
    await gateway.close()


@pytest.mark.parametrize(
    ("answer", "reason", "permanent"),
    [
        ({"status": 400}, Refusal.REJECTED, True),
        ({"status": 404}, Refusal.REFUSES_US, False),
        ({"status": 408}, Refusal.BUSY, False),
        ({"status": 503}, Refusal.BUSY, False),
        ({"status": 400, "text": '{"Code": "Throttling"}'}, Refusal.BUSY, False),
        ({"status": 401}, Refusal.UNAUTHORISED, False),
        ({"status": 403}, Refusal.FORBIDDEN, False),
        ({"status": 410}, Refusal.GONE, False),
        ({"text": '{"errcode": 310000}'}, Refusal.REFUSES_US, False),
        ({"text": '{"errcode": 17}'}, Refusal.ANSWERED_FAILURE, False),
        ({"text": '{"success": false}'}, Refusal.ANSWERED_FAILURE, False),
        (
            {"text": '{"success": "false", "rspcod": "IllegalMac"}'},
            Refusal.ANSWERED_FAILURE,
            True,
        ),
    ],
)
async def test_what_an_answer_means(
    sms: Gateway, sms_sink: SmsSink, answer: dict, reason: Refusal, permanent: bool
) -> None:
    sms_sink.answers.append(web.Response(**answer))
    found = await sms.send(MESSAGE)
    assert isinstance(found, MessageRefused)
    assert (found.reason, found.permanent) == (reason, permanent)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 502},
        {"status": 504, "text": '{"code": 0}'},
        {"status": 302, "headers": {"Location": "/login"}},
        {"text": "<html>login", "content_type": "text/html"},
        {"text": "ERROR:14"},
        {"text": '{"code": 0'},
        {"body": '{"code":0,"msg":"成功"}'.encode("gbk"), "content_type": "application/json"},
        {"text": "x" * 70_000},
    ],
)
async def test_what_leaves_it_open_whether_it_was_taken(
    sms: Gateway, sms_sink: SmsSink, answer: dict
) -> None:
    sms_sink.answers.append(web.Response(**answer))
    assert isinstance(await sms.send(MESSAGE), OutcomeUnknown)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("", str(MESSAGE.notification_id)),
        ("ok", str(MESSAGE.notification_id)),
        ("[]", str(MESSAGE.notification_id)),
        ('{"success": "true", "msgGroup": "g1"}', "g1"),
        ('{"code": "OK", "data": {"id": 5}}', "5"),
    ],
)
async def test_what_counts_as_accepted(
    sms: Gateway, sms_sink: SmsSink, body: str, name: str
) -> None:
    sms_sink.answers.append(web.Response(text=body))
    assert await sms.send(MESSAGE) == MessageAccepted(name)


async def test_a_gateway_may_say_when_to_come_back(sms: Gateway, sms_sink: SmsSink) -> None:
    sms_sink.answers.append(web.Response(status=429, headers={"Retry-After": "90"}))
    found = await sms.send(MESSAGE)
    assert isinstance(found, MessageRefused)
    assert found.retry_after == timedelta(seconds=90)


async def test_no_answer_is_unknown_and_no_connection_is_unreachable(sms_sink: SmsSink) -> None:
    sms_sink.hangs = 1
    gateway = webhook(sms_sink, SHORT)
    assert isinstance(await gateway.send(MESSAGE), OutcomeUnknown)
    await sms_sink.stop()
    found = await gateway.send(MESSAGE)
    await gateway.close()
    assert isinstance(found, MessageRefused)
    assert found.reason is Refusal.UNREACHABLE
