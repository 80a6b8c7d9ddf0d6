"""Signed links and short codes, by which a unit's contact answers without an account. Pure.

The notifier makes them and ingest verifies them with the same keys, so that no table of links is
needed. A link is a JSON Web Signature (RFC 7515, HS256) over a fixed record of 81 bytes; its header
names the key. A code is what a person can type: eight digits of an HMAC.
"""

import hashlib
import hmac
import re
import struct
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Self
from uuid import UUID

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_ALGORITHM = "HS256"
_KEY = re.compile(r"([A-Za-z0-9_-]{1,20}):([A-Za-z0-9_-]{43,200}={0,2})")
_RECORD = struct.Struct(">B16s16s16s16s8sII")
"""Version, office, unit, contact, notification, digest of the address, issued, expires."""
_VERSION = 1
LONGEST = 400
"""Characters of a token; a longer one is none of ours."""
CODE_DIGITS = 8
CODE_DAYS = 7
"""A code can be used on the day of its message and on this many days after it."""
MASK = "…"
"""What stands for a secret in a copy of a text."""
_SECRET = re.compile(rf"(?<=/u/)[\w.-]+|(?<=办理码)\d{{{CODE_DIGITS}}}")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SignedLink:
    """What a link is bound to.

    Attributes:
        notification_id: the message that it stood in.
        digest: of the address that the message went to (`hash_address`).
        issued_at: the slot of the message, so that a repeated text has the same link.
    """

    office_id: UUID
    unit_id: UUID
    contact_id: UUID
    notification_id: UUID
    digest: bytes = field(repr=False)
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CodeSubject:
    """Whom a code is for. `mobile` is the number that the message went to."""

    office_id: UUID
    unit_id: UUID
    contact_id: UUID
    mobile: str


def hash_address(address: str) -> bytes:
    """A short digest of an address; another address ends the link."""
    return hashlib.sha256(address.strip().casefold().encode("utf-8", "replace")).digest()[:8]


def hide_secrets(text: str) -> str:
    """A message as its copies have it: without the token of its link, or its code."""
    return _SECRET.sub(MASK, text)


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """The keys, by their ids. The first signs; each verifies, so that keys can be rotated."""

    keys: Mapping[str, OctKey] = field(repr=False)

    @classmethod
    def parse(cls, written: str) -> Self:
        """Keys as `ID:SECRET ID:SECRET`; a secret is base64url of at least 32 bytes.

        Raises:
            ValueError: a key can't be read. Its text contains no secret.
        """
        keys: dict[str, OctKey] = {}
        for word in written.split():
            match = _KEY.fullmatch(word)
            if match is None or match[1] in keys:
                raise ValueError("write keys like ID:SECRET, the secret as base64url of 32 bytes")
            keys[match[1]] = OctKey.import_key(_decode(match[2].rstrip("=")))
        return cls(keys)

    def __bool__(self) -> bool:
        """Whether there is any key."""
        return bool(self.keys)

    def sign(self, link: SignedLink) -> str:
        """The token of a link: the same link gives the same token."""
        key_id, key = next(iter(self.keys.items()))
        return jws.serialize_compact({"alg": _ALGORITHM, "kid": key_id}, _pack(link), key)

    def verify(self, token: str) -> SignedLink | None:
        """The link of a token, expired or not; None when none of the keys has signed it."""
        if len(token) > LONGEST:
            return None
        try:
            key = self.keys.get(str(jws.extract_compact(token.encode("ascii")).headers()["kid"]))
            if key is None:
                return None
            payload = jws.deserialize_compact(token, key, algorithms=[_ALGORITHM]).payload
            return _unpack(payload)
        except (JoseError, KeyError, ValueError, TypeError, struct.error):
            return None

    def make_code(self, subject: CodeSubject, day: date) -> str:
        """The code of a message of a day (in UTC)."""
        return _derive_code(next(iter(self.keys.values())), subject, day)

    def find_day(self, subject: CodeSubject, code: str, today: date) -> date | None:
        """The day whose code this is, if it can still be used; None when it is none of them."""
        issued_on = None
        for key in self.keys.values():
            for day in _list_days(today):
                if hmac.compare_digest(_derive_code(key, subject, day), code):
                    issued_on = day
        return issued_on


def _list_days(today: date) -> Iterator[date]:
    return (today - number * _DAY for number in range(CODE_DAYS + 1))


def _derive_code(key: OctKey, subject: CodeSubject, day: date) -> str:
    ids: Sequence[object] = (subject.office_id, subject.unit_id, subject.contact_id)
    text = "\x1f".join(map(str, ("code", *ids, subject.mobile, day.isoformat())))
    digest = hmac.digest(key.raw_value, text.encode("utf-8", "replace"), "sha256")
    return f"{int.from_bytes(digest[:16]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def _pack(link: SignedLink) -> bytes:
    ids = (link.office_id, link.unit_id, link.contact_id, link.notification_id)
    instants = (int(each.timestamp()) for each in (link.issued_at, link.expires_at))
    return _RECORD.pack(_VERSION, *(each.bytes for each in ids), link.digest, *instants)


def _unpack(payload: bytes) -> SignedLink:
    """Raise ValueError or struct.error when it is no record of this version."""
    version, office, unit, contact, notification, digest, issued, expires = _RECORD.unpack(payload)
    if version != _VERSION:
        raise ValueError("another version")
    return SignedLink(
        office_id=UUID(bytes=office),
        unit_id=UUID(bytes=unit),
        contact_id=UUID(bytes=contact),
        notification_id=UUID(bytes=notification),
        digest=digest,
        issued_at=datetime.fromtimestamp(issued, UTC),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )


def _decode(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
