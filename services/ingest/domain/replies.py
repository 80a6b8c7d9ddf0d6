"""What a reply by short message means: an answer to one obligation, or work for a person. Pure.

Nothing is guessed: a text has to be one of the agreed ones, the number has to be of one person, and
that person has to have been told of one open obligation of the own unit.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.schemas.life import Action

_ANSWERS = {
    "1": Action.ACCEPT,
    "签收": Action.ACCEPT,
    "1签收": Action.ACCEPT,
    "2": Action.SUBMIT,
    "已办结": Action.SUBMIT,
    "2已办结": Action.SUBMIT,
}
_ASIDE = re.compile(r"[\s,.!;:，。、！；：“”\"'【】()（）]")
_LEADING = re.compile(r"^回复?")


class ReplyDoubt(StrEnum):
    """Why a reply is left to a person."""

    OTHER_TEXT = "other-text"
    UNKNOWN_NUMBER = "unknown-number"
    SEVERAL_PEOPLE = "several-people"
    """The number is of several posts or units."""
    NOTHING_OPEN = "nothing-open"
    """No message of the last days was about something that is still open."""
    SEVERAL_OPEN = "several-open"
    OTHER_UNIT = "other-unit"
    """The message was about what another unit owes."""
    REFUSED = "refused"
    """The answer is not possible now."""


@dataclass(frozen=True, slots=True)
class ReplySender:
    """Who holds a post with the number today. `name` is as the journal has it."""

    unit_id: UUID
    contact_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class ToldObligation:
    """An open obligation that the number was told of lately, and the unit that owes it."""

    obligation_id: UUID
    unit_id: UUID


@dataclass(frozen=True, slots=True)
class PlainReply:
    """An answer of one person about one obligation."""

    sender: ReplySender
    obligation_id: UUID
    action: Action


def read_answer(text: str) -> Action | None:
    """The answer that a text is; None when it is any other text."""
    plain = _ASIDE.sub("", unicodedata.normalize("NFKC", text))
    return _ANSWERS.get(_LEADING.sub("", plain))


def decide_reply(
    action: Action | None, senders: Collection[ReplySender], obligations: Collection[ToldObligation]
) -> PlainReply | ReplyDoubt:
    """What a reply means."""
    doubts = {
        ReplyDoubt.UNKNOWN_NUMBER: not senders,
        ReplyDoubt.SEVERAL_PEOPLE: len(senders) > 1,
        ReplyDoubt.OTHER_TEXT: action is None,
        ReplyDoubt.NOTHING_OPEN: not obligations,
        ReplyDoubt.SEVERAL_OPEN: len(obligations) > 1,
        ReplyDoubt.OTHER_UNIT: {each.unit_id for each in obligations}
        != {each.unit_id for each in senders},
    }
    for doubt, applies in doubts.items():
        if applies:
            return doubt
    assert action is not None  # noqa: S101 - else its text is another one
    (sender,), (obligation,) = senders, obligations
    return PlainReply(sender, obligation.obligation_id, action)
