"""Marks by which a bounce is recognised as one of ours, and which no outsider can make.

A mark is the message's id and a part of its HMAC-SHA256. It stands in the sender of the envelope
(VERP) and in the Message-ID. A bounce without a genuine mark changes nothing: otherwise a forged
one could set a person's address aside.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

MARK_LENGTH = 48
"""Characters of a mark in an address: 32 of the id and 16 of the code, hexadecimal digits."""
_CODE_LENGTH = MARK_LENGTH - 32
_MARK = re.compile(
    r"(?<![0-9a-f])([0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12})\.?([0-9a-f]{16})(?![0-9a-f])",
    re.IGNORECASE,
)
_MOST_EXAMINED = 50
"""Candidates in one text; a genuine bounce has few."""


@dataclass(frozen=True, slots=True)
class BounceMark:
    """A message's id with its code, which only the holder of a key can compute."""

    notification_id: UUID
    code: str

    def to_address(self, pattern: str) -> str:
        """The sender of the envelope; `{key}` of the pattern is the mark."""
        return pattern.replace("{key}", f"{self.notification_id.hex}{self.code}")

    def to_message_id(self, domain: str) -> str:
        """The Message-ID of the mail, with its brackets."""
        return f"<{self.notification_id}.{self.code}@{domain}>"


@dataclass(frozen=True, slots=True)
class BounceMarks:
    """Makes and recognises marks. The first key makes them; each one recognises its own."""

    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def parse(cls, written: str) -> Self:
        """The keys in a text, separated by blanks."""
        return cls(tuple(word.encode() for word in written.split()))

    def make(self, notification_id: UUID) -> BounceMark:
        """The mark of a message: the same in each attempt."""
        return BounceMark(notification_id, _compute_code(self.keys[0], notification_id))

    def find(self, texts: Iterable[str]) -> BounceMark | None:
        """The first genuine mark in some texts; letters may be in upper case."""
        for text in texts:
            for _, match in zip(range(_MOST_EXAMINED), _MARK.finditer(text), strict=False):
                mark = BounceMark(UUID(match[1]), match[2].lower())
                if any(self._is_of(key, mark) for key in self.keys):
                    return mark
        return None

    @staticmethod
    def _is_of(key: bytes, mark: BounceMark) -> bool:
        return hmac.compare_digest(_compute_code(key, mark.notification_id), mark.code)


def _compute_code(key: bytes, notification_id: UUID) -> str:
    return hmac.digest(key, b"bounce " + notification_id.bytes, "sha256").hex()[:_CODE_LENGTH]
