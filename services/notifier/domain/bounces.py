"""What a bounce (RFC 3464) says of a message, and what follows. Pure.

A mail server tells the sender later by a mail that it could not deliver, or not yet. Codes: RFC
3463; the texts are judged like a mail server's own replies.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from services.notifier.domain.message import MessageRefused, Refusal
from services.notifier.domain.smtp_answers import SmtpCommand, judge_reply

_LONGEST_DETAIL = 200
_ADDRESS = re.compile(r"[^\s<>;,]+@[^\s<>;,]+")
_OWN_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")


class BounceAction(StrEnum):
    """The field `Action` of a recipient (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What a bounce says of one recipient.

    Attributes:
        addresses: the final and the original recipient, in lower case.
        action: None when the field is missing or unknown.
        status: of RFC 3463, such as 5.1.1; empty when there is none.
        diagnostic: the reply of the server that refused.
    """

    addresses: tuple[str, ...]
    action: BounceAction | None
    status: str
    diagnostic: str


class Fate(Enum):
    """What a bounce says that became of the message."""

    FAILED = "failed"
    """It will not be delivered."""
    DELIVERED = "delivered"
    OPEN = "open"
    """Delayed, or passed on to a server that reports nothing."""


@dataclass(frozen=True, slots=True)
class BounceVerdict:
    """What follows from a bounce. `gone`: no message ever reaches the address."""

    fate: Fate
    gone: bool = False
    detail: str = ""


def judge_bounce(statuses: Sequence[RecipientStatus], address: str) -> BounceVerdict:
    """What a bounce says of a message to an address, which may be unknown (empty).

    What is said of the address itself decides. Else, such as after a forwarding, the message failed
    if it failed for all, and the address is not gone: it exists, and forwards.
    """
    wanted = address.strip().lower()
    of_address = [each for each in statuses if wanted and wanted in each.addresses]
    judged = [(each, _judge_fate(each)) for each in of_address or statuses]
    for status, fate in judged:
        if fate is Fate.DELIVERED:
            return BounceVerdict(fate, detail=_describe(status))
    if not judged or any(fate is Fate.OPEN for _, fate in judged):
        return BounceVerdict(Fate.OPEN)
    first = judged[0][0]
    gone = bool(of_address) and all(_is_gone(status) for status, _ in judged)
    return BounceVerdict(Fate.FAILED, gone, _describe(first))


def _judge_fate(status: RecipientStatus) -> Fate:
    """`Action` decides: a server that gives up after days says `failed` with a status of 4.x.x."""
    match status.action:
        case BounceAction.FAILED:
            return Fate.FAILED
        case BounceAction.DELIVERED:
            return Fate.DELIVERED
        case BounceAction.DELAYED | BounceAction.RELAYED | BounceAction.EXPANDED:
            return Fate.OPEN
        case None:
            return Fate.FAILED if status.status.startswith("5.") else Fate.OPEN


def _is_gone(status: RecipientStatus) -> bool:
    """Whether the mailbox does not exist; a full or a blocked one may work again.

    The status that the refusing server wrote goes before the field, which its client filled in.
    """
    own = _OWN_STATUS.search(status.diagnostic)
    number = own[0] if own else status.status
    if not number.startswith("5."):
        return False
    text = status.diagnostic if own else f"{number} {status.diagnostic}"
    judged = judge_reply(SmtpCommand.RCPT, 550, text)
    return isinstance(judged, MessageRefused) and judged.reason is Refusal.BAD_ADDRESS


def _describe(status: RecipientStatus) -> str:
    """Status and reply in a line without addresses."""
    text = _ADDRESS.sub("…", f"{status.status} {status.diagnostic}").strip()
    return text[:_LONGEST_DETAIL]
