"""What people want done with messages: refused at once, asked for, noted, and answered."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.ingest.domain.statuses import MessageState
from shared.kafka.broker.codec import decode
from shared.schemas.gateway_events import (
    MessageActionAnswered,
    MessageActionRequested,
    NotificationFailed,
)
from shared.schemas.messages import MessageAction
from shared.schemas.topics import RECEIPTS
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.messages import put_message, tell

pytestmark = pytest.mark.integration
WHY = {"reason": "电话核实"}


@pytest.fixture
async def unit(api: Any) -> str:
    await api.import_units()
    return str((await api.client.get("/v1/units")).json()["items"][0]["unit_id"])


async def list_requests(api: Any) -> list[MessageActionRequested]:
    rows = await api.fetch_rows("SELECT value, headers FROM ingest.outbox ORDER BY id")
    events = []
    for row in rows:
        headers = dict(row.headers)
        if headers["ce_type"].startswith("cuiban.MessageActionRequested"):
            encoded = [(name, text.encode()) for name, text in headers.items()]
            events.append(decode(RECEIPTS, row.value, encoded).event)
    return events


async def post(api: Any, path: str, **body: object) -> httpx.Response:
    answer: httpx.Response = await api.client.post(f"/v1/messages/{path}", json=body)
    return answer


def answer(request: MessageActionRequested, **values: Any) -> MessageActionAnswered:
    fields = request.model_dump(exclude={"new_address", "requested_at"})
    return MessageActionAnswered(**{**fields, "answered_at": NOW, **values})


async def test_a_failed_message_is_sent_again_and_fails_anew(api: Any, unit: str) -> None:
    message = await put_message(api, unit)
    asked = await post(api, f"{message}/resend", **WHY)
    assert (asked.status_code, asked.json()["answered_at"]) == (202, None)
    (request,) = await list_requests(api)
    assert (request.action, str(request.notification_id)) == (MessageAction.RESEND, message)
    assert asked.json()["request_id"] == str(request.request_id)
    await tell(api, answer(request, reopened=True))
    story = (await api.client.get(f"/v1/messages/{message}")).json()
    assert (story["status"], story["reason"], story["attempts"]) == ("pending", "", 3)
    (done,) = story["actions"]
    assert (done["action"], done["actor"], done["reason"]) == ("resend", "office", "电话核实")
    assert (done["answered_at"] is None, done["refused"]) == (False, "")
    fields = request.model_dump(include=set(NotificationFailed.model_fields))
    failed = {"failed_at": NOW, "attempts": 4, "reason": "busy", "gateway": "b"}
    await tell(api, NotificationFailed(**fields, **failed))
    again = (await api.client.get(f"/v1/messages/{message}")).json()
    assert (again["status"], again["cause"]) == ("failed", "busy")


async def test_a_refusal_of_the_notifier_is_shown_and_changes_nothing(api: Any, unit: str) -> None:
    message = await put_message(api, unit, state=MessageState.PENDING, rank=0, reason="")
    assert (await post(api, f"{message}/cancel", **WHY)).status_code == 202
    (request,) = await list_requests(api)
    await tell(api, answer(request, refused="being-sent"))
    story = (await api.client.get(f"/v1/messages/{message}")).json()
    assert (story["status"], story["actions"][0]["refused"]) == ("pending", "being-sent")


async def test_what_was_delivered_is_refused_with_what_is_possible(api: Any, unit: str) -> None:
    message = await put_message(api, unit, state=MessageState.DELIVERED, rank=2, reason="")
    refused = await post(api, f"{message}/resend", **WHY)
    assert (refused.status_code, refused.json()["allowed"]) == (409, [])
    assert "已送达" in refused.json()["detail"]
    failed = await put_message(api, unit)
    refused = await post(api, f"{failed}/cancel", **WHY)
    assert refused.json()["allowed"] == ["resend", "readdress"]
    assert await list_requests(api) == []


async def test_another_address_is_checked_and_shown_once_it_holds(api: Any, unit: str) -> None:
    message = await put_message(api, unit)
    wrong = await post(api, f"{message}/address", address="13800000009", **WHY)
    assert wrong.status_code == 422
    right = await post(api, f"{message}/address", address="New@X.example", **WHY)
    assert right.status_code == 202
    (request,) = await list_requests(api)
    await tell(api, answer(request, address=request.new_address))
    story = (await api.client.get(f"/v1/messages/{message}")).json()
    assert (story["status"], story["address"]) == ("failed", request.new_address)


async def test_a_group_is_acted_on_as_it_was_counted(api: Any, unit: str) -> None:
    for number in range(3):
        await put_message(api, unit, slot=NOW - timedelta(hours=number), reason="exhausted: busy")
    await put_message(api, unit, state=MessageState.SENT, reason="")
    query = {"action": "resend", "unit_id": unit}
    counted = (await api.client.get("/v1/messages/affected", params=query)).json()
    assert counted == {"messages": 3, "refused": {"accepted": 1}}
    body = {"action": "resend", "unit_id": [unit], "reason": "网关已恢复"}
    stale = await post(api, "actions", **body, expected=2)
    assert (stale.status_code, await list_requests(api)) == (409, [])
    done = await post(api, "actions", **body, expected=3)
    assert (done.status_code, done.json()) == (202, {"requested": 3})
    requests = await list_requests(api)
    assert len({each.notification_id for each in requests}) == 3
    entries = (await api.client.get("/v1/journal", params={"action": "message."})).json()["items"]
    assert {entry["after"]["reason"] for entry in entries} == {"网关已恢复"}
    assert {UUID(entry["subject"]) for entry in entries} == {
        each.notification_id for each in requests
    }
    nothing = await post(api, "actions", **body, expected=3, cause=["rejected"])
    assert nothing.status_code == 409
