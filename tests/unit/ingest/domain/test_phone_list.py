"""Whom a person must phone, by unit and post."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.ingest.domain.phone_list import Holder, Unreached, group_unreached
from shared.schemas.rules import Audience

SLOT = datetime(2023, 11, 1, 1, tzinfo=UTC)
TODAY = date(2023, 11, 2)
UNIT, FIRST, SECOND = UUID(int=1), UUID(int=2), UUID(int=3)
CONTACTS: dict[UUID, Any] = {
    UNIT: [
        {"post": "liaison", "name": "旧人", "mobile": "13800000001", "valid_to": "2023-10-01"},
        {"post": "liaison", "name": "张三", "mobile": "13800000002"},
        {"post": "deputy", "name": "李四", "mobile": "13800000003"},
        {"post": "head", "name": "王五"},
    ]
}


def make(channel: str = "sms", cause: str = "bad-address", **values: Any) -> Unreached:
    fields = {"unit_id": UNIT, "unit": "县财政局", "audience": Audience.LIAISON, "slot": SLOT}
    fields |= {"channel": channel, "cause": cause, "obligation_ids": (FIRST,)} | values
    return Unreached(**fields)


def test_one_call_names_the_holder_of_today_what_is_owed_and_every_cause() -> None:
    rows = [make(), make("email", "busy", obligation_ids=(FIRST, SECOND))]
    (call,) = group_unreached(rows, CONTACTS, {FIRST, SECOND}, TODAY)
    assert call.holder == Holder("张三", "13800000002")
    assert call.others == (Holder("李四", "13800000003"),)
    assert call.obligation_ids == (FIRST, SECOND)
    assert call.why == "短信：地址无效；邮件：网关繁忙"


def test_what_is_not_owed_any_more_needs_no_call() -> None:
    assert group_unreached([make()], CONTACTS, {SECOND}, TODAY) == []


def test_posts_have_calls_of_their_own_and_a_vacant_one_names_nobody() -> None:
    rows = [make(audience=Audience.HEAD), make(slot=SLOT - timedelta(days=1))]
    liaison, head = group_unreached(rows, {}, {FIRST}, TODAY)
    assert (liaison.audience, head.audience) == (Audience.LIAISON, Audience.HEAD)
    assert head.holder == Holder()
