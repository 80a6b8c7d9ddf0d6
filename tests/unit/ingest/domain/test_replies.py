"""What a reply by short message means: plain, or left to a person."""

from uuid import UUID

import pytest

from services.ingest.domain.replies import (
    PlainReply,
    ReplyDoubt,
    ReplySender,
    ToldObligation,
    decide_reply,
    read_answer,
)
from shared.schemas.life import Action

UNIT, OTHER = UUID(int=1), UUID(int=2)
ANNA = ReplySender(UNIT, UUID(int=11), "县财政局 联络员安娜")
BEN = ReplySender(OTHER, UUID(int=12), "县教体局 联络员本")
FIRST, SECOND = ToldObligation(UUID(int=21), UNIT), ToldObligation(UUID(int=22), UNIT)
FOREIGN = ToldObligation(UUID(int=23), OTHER)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("1", Action.ACCEPT),
        (" 1。", Action.ACCEPT),
        ("１", Action.ACCEPT),
        ("“1”", Action.ACCEPT),
        ("回复1", Action.ACCEPT),
        ("1 签收", Action.ACCEPT),
        ("签收", Action.ACCEPT),
        ("2", Action.SUBMIT),
        ("2，已办结！", Action.SUBMIT),
        ("回复2已办结", Action.SUBMIT),
    ],
)
def test_an_agreed_text_is_an_answer(text: str, action: Action) -> None:
    assert read_answer(text) is action


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "12",
        "1 2",
        "11",
        "0",
        "TD",
        "退订",
        "1不签收",
        "未办结",
        "不是2",
        "收到",
        "1" * 500,
    ],
)
def test_another_text_is_none(text: str) -> None:
    assert read_answer(text) is None


@pytest.mark.parametrize(
    ("action", "senders", "told", "meant"),
    [
        (Action.ACCEPT, [ANNA], [FIRST], PlainReply(ANNA, FIRST.obligation_id, Action.ACCEPT)),
        (Action.ACCEPT, [], [FIRST], ReplyDoubt.UNKNOWN_NUMBER),
        (Action.ACCEPT, [ANNA, BEN], [FIRST], ReplyDoubt.SEVERAL_PEOPLE),
        (None, [ANNA], [FIRST], ReplyDoubt.OTHER_TEXT),
        (Action.SUBMIT, [ANNA], [], ReplyDoubt.NOTHING_OPEN),
        (Action.SUBMIT, [ANNA], [FIRST, SECOND], ReplyDoubt.SEVERAL_OPEN),
        (Action.SUBMIT, [ANNA], [FIRST, FOREIGN], ReplyDoubt.SEVERAL_OPEN),
        (Action.SUBMIT, [ANNA], [FOREIGN], ReplyDoubt.OTHER_UNIT),
    ],
)
def test_only_what_is_certain_is_applied(
    action: Action | None,
    senders: list[ReplySender],
    told: list[ToldObligation],
    meant: PlainReply | ReplyDoubt,
) -> None:
    assert decide_reply(action, senders, told) == meant
