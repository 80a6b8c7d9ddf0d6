"""Standard Webhooks 1.0.0 signatures (github.com/standard-webhooks/standard-webhooks)."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import product

from shared.errors import CuibanError

_PREFIX = "whsec_"
_LENGTHS = range(24, 65)
_TOLERANCE = 300.0  # seconds
_DIGITS = 13
"""Of a time in milliseconds."""


def parse_keys(secrets: str) -> tuple[bytes, ...]:
    """The keys in `whsec_…` texts, separated by blanks or commas; several while a key is rotated.

    Raises:
        CuibanError: one of them is not valid. The text of the error does not contain it.
    """
    keys = []
    for word in secrets.replace(",", " ").split():
        try:
            key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
        except ValueError:  # no base64, or not even ASCII
            key = b""
        if not word.startswith(_PREFIX) or len(key) not in _LENGTHS:
            raise CuibanError(
                "CUIBAN_SMS_SECRET can't be read.",
                "Write whsec_ and then 24 to 64 random bytes in base64.",
            )
        keys.append(key)
    return tuple(keys)


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether one of the signatures of a message is by one of the keys, and is not too old."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not is_recent(stamp, now):
        return False
    offered = headers.get("webhook-signature", "").encode().split()
    expected = sign(keys, message_id, int(stamp), body).encode().split()
    return any(hmac.compare_digest(*pair) for pair in product(offered, expected))


def is_recent(stamp: str, now: datetime) -> bool:
    """Whether a time in seconds or milliseconds since 1970 is at most five minutes from `now`."""
    if not (stamp.isascii() and stamp.isdigit()) or len(stamp) > _DIGITS:
        return False
    seconds = int(stamp) / (1000 if len(stamp) == _DIGITS else 1)
    return abs(seconds - now.timestamp()) <= _TOLERANCE


def sign(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one `v1,…` for each key."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return " ".join(
        f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}" for key in keys
    )
