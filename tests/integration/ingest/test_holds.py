"""Holds over the API: recorded, told, previewed, released, and an operator's hold of all."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.ingest.domain.refusals import RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.messages import holds
from services.ingest.handlers.messages.holds import NewHold
from shared.schemas.gateway_events import NotificationSuppressed
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.life import told
from tests.integration.ingest.messages import Reminder, tell

pytestmark = pytest.mark.integration


async def hold(api: Any, **body: Any) -> dict[str, Any]:
    answer = await api.client.post("/v1/holds", json={"reason": "签名待报备"} | body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_hold_is_told_and_released_and_the_office_shows_it(api: Any) -> None:
    made = await hold(api, channel="sms", gateway="aliyun")
    assert (made["channel"], made["gateway"], made["everywhere"]) == ("sms", "aliyun", False)
    office = (await api.client.get("/v1/office")).json()
    assert office["held_since"] == made["held_at"]
    again = await api.client.post(
        "/v1/holds", json={"channel": "sms", "gateway": "aliyun", "reason": "x"}
    )
    assert again.status_code == 409
    path = f"/v1/holds/{made['hold_id']}/release"
    released = (await api.client.post(path, json={"reason": "已报备"})).json()
    assert (released["released_by"], released["released_why"]) == (made["held_by"], "已报备")
    assert (await api.client.post(path, json={"reason": "x"})).status_code == 409
    assert (await api.client.get("/v1/office")).json()["held_since"] is None
    assert (await api.client.get("/v1/holds?current=true")).json()["items"] == []
    first, second = [row.event for row in await told(api, "held_at")]
    assert (first["number"], first["hold"]["released_at"]) == (1, None)
    assert (second["number"], second["hold"]["gateway"]) == (2, "aliyun")
    assert second["hold"]["released_at"] is not None


async def test_a_gateway_needs_its_channel(api: Any) -> None:
    answer = await api.client.post("/v1/holds", json={"gateway": "aliyun", "reason": "x"})
    assert (answer.status_code, "channel" in answer.text) == (422, True)


async def test_the_preview_counts_what_is_owed_pointless_and_withdrawn(api: Any) -> None:
    assert await api.publish_plan()
    rows = await api.list_ledger()
    made = await hold(api)
    owed, done, moved = (Reminder(api.office_id, row) for row in rows[:3])
    for each in (owed, done, moved):
        await tell(api, each.due(), each.fanned_out())
    path = f"/v1/obligations/{rows[1]['obligation_id']}/status"
    answer = await api.client.post(path, json={"status": "done"})
    assert answer.is_success, answer.text
    gone = NotificationSuppressed(
        **moved.of_mail, decided_at=NOW + timedelta(minutes=1), reason="withdrawn"
    )
    await tell(api, gone)
    preview = (await api.client.get(f"/v1/holds/{made['hold_id']}/preview")).json()
    counts = {name: preview[name] for name in ("messages", "pointless", "withdrawn", "kept")}
    assert counts == {"messages": 3, "pointless": 2, "withdrawn": 1, "kept": 0}
    assert {each["channel"]: each["messages"] for each in preview["channels"]} == {
        "email": 1,
        "sms": 2,
    }
    await hold(api, channel="email")
    preview = (await api.client.get(f"/v1/holds/{made['hold_id']}/preview")).json()
    assert (preview["messages"], preview["kept"]) == (2, 2)


async def test_an_operators_hold_is_released_by_an_operator_alone(api: Any) -> None:
    act, hold_id = Act(api.office_id, "command line", NOW, uuid4()), uuid4()
    async with api.engine.begin() as db:
        made = await holds.add_hold(db, act, NewHold(None, "", "恢复备份"), everywhere=hold_id)
    assert made.everywhere
    answer = await api.client.post(f"/v1/holds/{hold_id}/release", json={"reason": "x"})
    assert (answer.status_code, "运维人员" in answer.text) == (403, True)
    async with api.engine.begin() as db:
        released = await holds.release_hold(db, act, hold_id, "已核对", by_operator=True)
    assert released.released_why == "已核对"
    with pytest.raises(RefusedError, match="没有这条暂停"):
        async with api.engine.begin() as db:
            await holds.release_hold(db, act, uuid4(), "x")
