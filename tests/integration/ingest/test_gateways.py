"""Gateways over HTTP: how the processes of the notifier see them, and tests of them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.ingest.handlers.messages.gateway_tests import MOST, PERIOD
from shared.clock import read_machine_time
from shared.kafka.broker.codec import decode
from shared.schemas.gateway_states import (
    GatewayAnswer,
    GatewayTestAnswered,
    GatewayTestRequested,
)
from shared.schemas.topics import RECEIPTS
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.gateways import make_gateway, see, tell

pytestmark = pytest.mark.integration
MOBILE = "13800000009"


async def list_states(api: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.client.get("/v1/gateway-states")).json()["items"]
    return items


async def ask(api: Any, gateway: str = "mas", address: str = MOBILE) -> httpx.Response:
    body = {"gateway": gateway, "address": address}
    answer: httpx.Response = await api.client.post("/v1/gateway-tests", json=body)
    return answer


async def list_tests(api: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.client.get("/v1/gateway-tests")).json()["items"]
    return items


async def list_requests(api: Any) -> list[GatewayTestRequested]:
    rows = await api.fetch_rows("SELECT value, headers FROM ingest.outbox ORDER BY id")
    events = []
    for row in rows:
        headers = dict(row.headers)
        if headers["ce_type"].startswith("cuiban.GatewayTestRequested"):
            encoded = [(name, text.encode()) for name, text in headers.items()]
            events.append(decode(RECEIPTS, row.value, encoded).event)
    return events


async def test_each_process_tells_how_it_sees_its_gateways(api: Any) -> None:
    process, now = uuid4(), read_machine_time()
    refused = GatewayAnswer(at=now, outcome="busy", detail="REQUEST_LIMIT")
    opened = {"circuit": "open", "since": now, "until": now, "why": "busy: REQUEST_LIMIT"}
    rests = make_gateway().model_copy(update={**opened, "share": 0.5, "answers": (refused,)})
    await tell(
        api,
        see(rests, make_gateway("smtp", "email"), process=process, host="b:1"),
        see(make_gateway(weight=3, free=20), host="a:2"),
    )
    mail, first, second = await list_states(api)
    assert (mail["state"]["name"], mail["host"]) == ("smtp", "b:1")
    assert (first["host"], first["state"]["weight"], first["state"]["free"]) == ("a:2", 3, 20)
    assert (second["host"], second["silent"], second["state"]["circuit"]) == ("b:1", False, "open")
    assert second["state"]["answers"][0]["detail"] == "REQUEST_LIMIT"
    await tell(api, see(process=process))  # it has stopped
    assert [each["host"] for each in await list_states(api)] == ["a:2"]


async def test_a_process_that_tells_nothing_is_shown_as_silent_and_then_forgotten(api: Any) -> None:
    now = read_machine_time()
    await tell(api, see(make_gateway(), seen_at=now - timedelta(minutes=5)))
    (silent,) = await list_states(api)
    assert silent["silent"]
    assert (await ask(api)).status_code == 404  # nobody would send it
    await tell(api, see(make_gateway(), seen_at=now - timedelta(hours=2)))
    assert len(await list_states(api)) == 1


async def test_a_test_is_asked_for_journaled_without_the_address_and_answered(api: Any) -> None:
    await tell(api, see(make_gateway()))
    asked = await ask(api)
    assert (asked.status_code, asked.json()["answered_at"]) == (202, None)
    (request,) = await list_requests(api)
    assert (request.gateway, request.address) == ("mas", MOBILE)
    (entry,) = (await api.client.get("/v1/journal", params={"action": "gateway."})).json()["items"]
    assert (entry["subject"], entry["after"]["address"]) == ("mas", "138…0009")
    refused = GatewayTestAnswered(
        office_id=api.office_id,
        request_id=request.request_id,
        gateway="mas",
        outcome="unauthorised",
        detail="InvalidUsrOrPwd",
        answered_at=NOW,
    )
    late = refused.model_copy(update={"outcome": "unknown"})
    await tell(api, refused, late)
    (shown,) = await list_tests(api)
    assert (shown["outcome"], shown["detail"]) == ("unauthorised", "InvalidUsrOrPwd")
    assert (shown["address"], shown["actor"], shown["channel"]) == ("138…0009", "office", "sms")


@pytest.mark.parametrize(
    ("gateway", "address", "status"),
    [("aliyun", MOBILE, 404), ("mas", "l@x.example", 422), ("smtp", MOBILE, 422)],
)
async def test_what_cannot_be_sent_is_refused(
    api: Any, gateway: str, address: str, status: int
) -> None:
    await tell(api, see(make_gateway(), make_gateway("smtp", "email")))
    assert (await ask(api, gateway, address)).status_code == status
    assert await list_requests(api) == []


async def test_nobody_sends_hundreds(api: Any) -> None:
    await tell(api, see(make_gateway()))
    for _ in range(MOST):
        assert (await ask(api)).status_code == 202
    refused = await ask(api)
    assert (refused.status_code, len(await list_requests(api))) == (429, MOST)
    api.clock.instant = NOW + PERIOD
    assert (await ask(api)).status_code == 202
