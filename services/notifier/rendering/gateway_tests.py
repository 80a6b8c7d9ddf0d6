"""The message that tests a gateway. It says that it is a test. Pure."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.notifier.domain.message import Content, Message
from shared.messages.sms import write_signature

UNIT = "测试"
TEST_WORDS: Mapping[str, str] = {
    "items": "1",
    "late": "0",
    "first": "1.1",
    "when": "今日到期",
    "address": "https://portal.example/u",
    "code": "00000000",
    "until": "12月31日",
}
"""What the variables of an approved template show in a test: none may be empty."""


def make_test_message(
    request_id: UUID, address: str, now: datetime, signature: str = ""
) -> Message:
    """A message that tests a gateway.

    Args:
        request_id: its idempotency key.
        address: to which it goes.
        now: in the time zone that the text shows.
        signature: of the sender, at the head of a short message.
    """
    text = f"这是一条测试消息，{now:%m月%d日%H:%M}发出，请勿回复。"
    signed = f"{write_signature(signature)}{text}"
    content = Content("催办测试", signed, f"<p>{text}</p>", words=TEST_WORDS)
    return Message(request_id, address, UNIT, content)
