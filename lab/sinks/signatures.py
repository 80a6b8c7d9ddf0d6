"""Signatures of Standard Webhooks (https://www.standardwebhooks.com), verified as gateways do."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime

from aiohttp import web

from shared.clock import read_machine_time
from shared.errors import CuibanError

TOLERANCE = 300  # seconds between a request's timestamp and our clock


def parse_keys(secret: str) -> list[bytes]:
    """Parse the keys in `whsec_…` (several, separated by blanks, during a change of keys).

    Raises:
        CuibanError: a key is not base64.
    """
    try:
        return [b64decode(each.removeprefix("whsec_"), validate=True) for each in secret.split()]
    except ValueError as error:
        raise CuibanError("CUIBAN_SMS_SECRET must be whsec_ and base64.") from error


def has_valid_signature(keys: Sequence[bytes], request: web.Request, body: bytes) -> bool:
    """Whether one of the request's `v1` signatures is valid for one of the keys, and recent."""
    ident, stamp = (request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp"))
    if not ident or not (stamp.isascii() and stamp.isdecimal()):
        return False
    if (
        abs((datetime.fromtimestamp(int(stamp[:11]), UTC) - read_machine_time()).total_seconds())
        > TOLERANCE
    ):
        return False
    message = f"{ident}.{stamp}.".encode() + body
    valid_signatures = [b64encode(hmac.digest(key, message, hashlib.sha256)) for key in keys]
    offered = [
        each.removeprefix("v1,").encode()
        for each in request.headers.get("webhook-signature", "").split()
        if each.startswith("v1,")
    ]
    return any(hmac.compare_digest(valid, other) for valid in valid_signatures for other in offered)
