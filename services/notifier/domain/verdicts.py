"""What a vendor's answer means, in a closed list, and what follows from it for a message. Pure.

A vendor has many codes and the lane has few outcomes. A vendor's module maps its codes to verdicts;
`conclude` maps verdicts to outcomes, the same for all vendors.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo

from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
    Refusal,
)

_DAY_OF_VENDORS = ZoneInfo("Asia/Shanghai")
"""In which the vendors count a day."""
_AFTER_MIDNIGHT = time(0, 10)


class Verdict(StrEnum):
    """What an answer says of one message."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """It has the message from an earlier attempt: it counts as accepted."""
    TRANSIENT = "transient"
    """A fault of the vendor that passes by itself."""
    THROTTLED = "throttled"
    """Too many messages in a short time."""
    NEXT_DAY = "next-day"
    """The limit of a day is reached; it can be sent tomorrow."""
    PERMANENT = "permanent"
    """This message is never accepted."""
    BAD_ADDRESS = "bad-address"
    ALARM = "alarm"
    """Account, signature, template, balance or allow-list: an operator must act."""
    UNAUTHORISED = "unauthorised"
    """Our key or our signature is not accepted."""
    TOKEN_ENDED = "token-ended"  # noqa: S105 - no password
    """The access token is not valid any more; with a new one the message can be sent."""
    FAILED = "failed"
    """A failure with a code that is not known."""
    UNKNOWN = "unknown"
    """The answer is not understood: it may have been accepted."""


_REFUSALS = {
    Verdict.TRANSIENT: Refusal.BUSY,
    Verdict.THROTTLED: Refusal.BUSY,
    Verdict.NEXT_DAY: Refusal.BUSY,
    Verdict.PERMANENT: Refusal.REJECTED,
    Verdict.BAD_ADDRESS: Refusal.BAD_ADDRESS,
    Verdict.ALARM: Refusal.REFUSES_US,
    Verdict.UNAUTHORISED: Refusal.UNAUTHORISED,
    Verdict.TOKEN_ENDED: Refusal.UNAUTHORISED,
    Verdict.FAILED: Refusal.ANSWERED_FAILURE,
}
_PERMANENT = {Verdict.PERMANENT, Verdict.BAD_ADDRESS}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a vendor answered about one message.

    Attributes:
        detail: the code and the vendor's text, for the log.
        message_id: the vendor's, when accepted; its receipts name it.
        wait: the earliest next attempt that the vendor asks for.
    """

    verdict: Verdict
    detail: str = ""
    message_id: str = ""
    wait: timedelta | None = None


def conclude(reading: Reading, *, name: str, now: datetime) -> Outcome:
    """The outcome of an attempt.

    Args:
        reading: what was answered.
        name: the id of our message, for a vendor that gives none.
        now: the machine's time.
    """
    match reading.verdict:
        case Verdict.ACCEPTED | Verdict.DUPLICATE:
            return MessageAccepted(reading.message_id or name)
        case Verdict.UNKNOWN:
            return OutcomeUnknown(reading.detail)
        case (
            Verdict.TRANSIENT
            | Verdict.THROTTLED
            | Verdict.NEXT_DAY
            | Verdict.PERMANENT
            | Verdict.BAD_ADDRESS
            | Verdict.ALARM
            | Verdict.UNAUTHORISED
            | Verdict.TOKEN_ENDED
            | Verdict.FAILED
        ):
            wait = reading.wait
            if reading.verdict is Verdict.NEXT_DAY:
                wait = max(wait or timedelta(0), measure_until_tomorrow(now))
            return MessageRefused(
                _REFUSALS[reading.verdict],
                permanent=reading.verdict in _PERMANENT,
                detail=reading.detail,
                retry_after=wait,
            )
        case verdict:
            assert_never(verdict)


def measure_until_tomorrow(now: datetime) -> timedelta:
    """How long until the vendors count a new day, and some minutes more."""
    local = now.astimezone(_DAY_OF_VENDORS)
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, _AFTER_MIDNIGHT, tzinfo=_DAY_OF_VENDORS) - local


class CodeTable:
    """A vendor's codes and what they mean. `*` stands for any rest; case does not matter."""

    def __init__(self, codes: Mapping[Verdict, str | Sequence[str]]) -> None:
        """Take each verdict's codes, listed or separated by blanks; the first that fits wins."""
        self._patterns = [(verdict, _compile(words)) for verdict, words in codes.items()]

    def find(self, code: str) -> Verdict | None:
        """The verdict of a code; None when it is not known."""
        return next((each for each, known in self._patterns if known.fullmatch(code)), None)


def is_among(code: str, codes: Sequence[str]) -> bool:
    """Whether a code is one of those listed, in which `*` stands for any rest."""
    return bool(codes) and _compile(codes).fullmatch(code) is not None


def _compile(words: str | Sequence[str]) -> re.Pattern[str]:
    codes = words.split() if isinstance(words, str) else words
    return re.compile(
        "|".join(re.escape(code).replace(r"\*", ".*") for code in codes), re.IGNORECASE
    )
