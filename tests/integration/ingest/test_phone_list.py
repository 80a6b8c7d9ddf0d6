"""The phone list: who owes something and was reached by no message."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from shared.schemas.gateway_events import NotificationFailed, NotificationSent
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.messages import Reminder, tell

pytestmark = pytest.mark.integration


async def list_rows(api: Any) -> list[dict[str, Any]]:
    answer = await api.client.get("/v1/messages/phone-list")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_who_is_reached_by_another_message_is_not_phoned(api: Any) -> None:
    await api.publish_plan()
    item = next(row for row in await api.list_ledger() if row["due_on"])
    reminder = Reminder(api.office_id, item)
    await tell(api, reminder.due(), reminder.fanned_out())
    assert await list_rows(api) == [], "what is still pending may arrive"
    failed = {"failed_at": NOW, "attempts": 1, "reason": "bad-address", "gateway": "a"}
    await tell(api, NotificationFailed(**reminder.of_mail, **failed))
    (row,) = await list_rows(api)
    assert (row["unit"], row["why"]) == (item["unit"], "邮件：地址无效")
    assert [each["ref"] for each in row["obligations"]] == [item["ref"]]
    file = await api.client.get("/v1/messages/phone-list.xlsx")
    sheet = load_workbook(BytesIO(file.content)).active
    cells = [[cell.value for cell in line] for line in sheet.iter_rows()]
    assert (cells[0][0], cells[0][3], cells[1][0]) == ("单位", "电话", item["unit"])
    assert item["ref"] in cells[1][5]
    of_sms = reminder.of_mail | {"notification_id": reminder.sms, "channel": "sms"}
    await tell(api, NotificationSent(**of_sms, sent_at=NOW, attempts=1, gateway="b"))
    assert await list_rows(api) == []


async def test_what_is_done_needs_no_call(api: Any) -> None:
    await api.publish_plan()
    item = next(row for row in await api.list_ledger() if row["due_on"])
    reminder = Reminder(api.office_id, item)
    failed = {"failed_at": NOW, "attempts": 1, "reason": "bad-address", "gateway": "a"}
    await tell(api, reminder.due(), NotificationFailed(**reminder.of_mail, **failed))
    assert len(await list_rows(api)) == 1
    path = f"/v1/obligations/{item['obligation_id']}/status"
    assert (await api.client.post(path, json={"status": "done"})).is_success
    assert await list_rows(api) == []
