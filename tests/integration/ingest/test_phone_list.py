"""The phone list: who owes something and was reached by no message."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

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


async def test_the_post_of_another_unit_that_heard_nothing_is_phoned_there(api: Any) -> None:
    await api.publish_plan()
    item = next(row for row in await api.list_ledger() if row["due_on"])
    units = (await api.client.get("/v1/units")).json()["items"]
    other = next(unit for unit in units if unit["unit_id"] != item["unit_id"])
    reminder, own = Reminder(api.office_id, item), Reminder(api.office_id, item)
    failed = {"failed_at": NOW, "attempts": 1, "reason": "bad-address", "gateway": "a"}
    due = reminder.due().model_copy(update={"to_unit": UUID(other["unit_id"])})
    await tell(api, due, NotificationFailed(**reminder.of_mail, **failed))
    later = own.of_mail | {"slot": NOW + timedelta(hours=1)}
    sent = NotificationSent(**later, sent_at=NOW, attempts=1, gateway="b")
    await tell(api, own.due().model_copy(update={"slot": later["slot"]}), sent)
    (row,) = await list_rows(api)
    assert (row["unit_id"], row["unit"]) == (other["unit_id"], other["name"])
    assert [each["unit"] for each in row["obligations"]] == [item["unit"]]
    assert row["holder"]["mobile"].startswith("138")
    file = await api.client.get("/v1/messages/phone-list.xlsx")
    sheet = load_workbook(BytesIO(file.content)).active
    assert f"{item['unit']} {item['ref']}" in sheet["F2"].value
