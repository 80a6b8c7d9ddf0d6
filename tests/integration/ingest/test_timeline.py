"""The story of an obligation has its reminders, and what became of each message, among the rest."""

from uuid import UUID, uuid4

import pytest

from services.ingest.projection import project
from shared.schemas.envelope import Envelope
from tests.integration.ingest.test_streams import SLOT, deliveries

pytestmark = pytest.mark.integration


async def test_reminders_attempts_receipts_and_reasons_stand_beside_answers_and_changes(api):
    await api.publish_plan()
    item = next(row for row in await api.list_ledger() if row["kind"] == "deadline")
    path = f"/v1/obligations/{item['obligation_id']}"
    await api.client.post(f"{path}/accept", json={"version": 1})
    due, gone, *rest = deliveries(api.office_id, UUID(item["unit_id"]))
    reminded = due.items[0].model_copy(update={"obligation_id": UUID(item["obligation_id"])})
    due = due.model_copy(update={"items": (reminded,)})
    gone = gone.model_copy(update={"obligation_ids": (reminded.obligation_id,)})
    told = [Envelope(uuid4(), "/test", SLOT, uuid4(), event) for event in (due, gone, *rest)]
    async with api.engine.begin() as db:
        await project(db, told)
    lines = (await api.client.get(f"{path}/timeline")).json()
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert [line["kind"] for line in lines[:2]] == ["assigned", "accepted"]
    assert {line["text"] for line in lines[2:]} == {
        "提醒：联络员",
        "停止已生成的提醒：已办结",
        "已发送：邮件 a@b.example",
        "已送达：邮件 a@b.example",
        "发送失败：邮件 a@b.example 网关拒收 共尝试 3 次",
        "未发送：邮件 a@b.example 已不需提醒",
        "待发送：邮件",
    }
    other = next(row for row in await api.list_ledger() if row["ref"] != item["ref"])
    beside = (await api.client.get(f"/v1/obligations/{other['obligation_id']}/timeline")).json()
    assert [line["kind"] for line in beside] == ["assigned"]
