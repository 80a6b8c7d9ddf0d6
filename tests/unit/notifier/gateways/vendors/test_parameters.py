"""The variables of approved templates have their own names, and lengths as the contract says."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.notifier.domain.message import Message
from services.notifier.gateways.vendors.parameters import VARIABLES, TemplateVendor, fill
from services.notifier.rendering.gateway_tests import TEST_WORDS
from services.notifier.rendering.sms import render_sms
from shared.messages.wording import Digest, Door
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, ReminderKind
from tests.unit.notifier.gateways.vendors.entries import make_vendor

TODAY = date(2023, 12, 26)
DIGEST = Digest(
    office="县政务公开办公室",
    unit="盐亭县教育和体育局",
    audience=Audience.LIAISON,
    plan_title="分解表",
    items=[
        ReminderItem(
            obligation_id=UUID(int=1),
            ref="2.1",
            task_name="民生保障",
            text="及时公开。",
            kind=ReminderKind.OVERDUE,
            due_on=date(2023, 12, 19),
        )
    ],
    slot_day=TODAY,
    today=TODAY,
    door=Door("https://portal.example/u", "12345678", date(2024, 1, 2)),
)
MESSAGE = Message(UUID(int=7), "13800000000", DIGEST.unit, render_sms(DIGEST, "政务公开"))


def make(vendor: str, parameters: Any, **more: Any) -> TemplateVendor:
    made = make_vendor(vendor, parameters=parameters, template="T1", **more)
    assert isinstance(made, TemplateVendor)
    return made


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{unit}{items}项", "盐亭县教育和体育局1项"),
        ("{first}，{when}", "2.1，已逾期5个工作日"),
        ("{late}", "1"),
        ("{address} {code} {until}", "https://portal.example/u 12345678 2024年1月2日"),
    ],
)
def test_each_name_has_the_value_of_the_message(template: str, filled: str) -> None:
    assert fill(template, MESSAGE) == filled


def test_every_name_of_the_language_has_a_value_in_a_reminder_and_in_a_test() -> None:
    assert [name for name in VARIABLES if not fill(f"{{{name}}}", MESSAGE)] == ["subject"]
    assert MESSAGE.content.words.keys() == TEST_WORDS.keys()


@pytest.mark.parametrize("vendor", ["aliyun", "tencent", "huawei", "mas"])
def test_a_longer_value_is_shortened_and_a_code_never(vendor: str) -> None:
    texts = ["{unit}", "{code}", "{items}"]
    parameters = {f"p{n}": text for n, text in enumerate(texts)} if vendor == "aliyun" else texts
    made = make(vendor, parameters, longest_parameter=8)
    filled = [made.fill(each, MESSAGE) for each in made.list_parameters()]
    assert filled == ["盐亭县教育和体…", "12345678", "1"]


@pytest.mark.parametrize(
    "text", ["{text}", "{address}", "办理码{code}", "一二三四五六七八九{items}"]
)
def test_what_can_never_be_so_short_is_refused_with_the_file(text: str) -> None:
    with pytest.raises(ValidationError, match="can't be as short as 8"):
        make("tencent", [text], longest_parameter=8)
    assert make("tencent", [text]).list_parameters() == (text,)


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="There is no variable units"):
        make("huawei", ["{units}"])
