"""The journal's chain of hashes: how an entry's canonical form and its hash are made. Pure.

The canonical form of an entry is one JSON object, encoded in UTF-8, with exactly the members
`action`, `actor`, `after`, `at`, `before`, `correlation_id`, `office_id` and `subject`:

- its text is that of `shared.canonical_json`;
- `at` is the instant in UTC with six decimals, such as `2023-06-01T01:00:00.000000+00:00`;
  ids are UUIDs in small letters.

An entry's *digest* is the SHA-256 of that text. Its *hash* is the SHA-256 of the hash before it
(32 bytes; zeros before the first) followed by the digest. So a hash stands for its entry and all
that came before. Changing any of this breaks every chain that exists: never do.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from shared.canonical_json import to_canonical_json

FIRST_HASH = bytes(32)
"""The hash before the first entry of an office."""
FIELDS = ("office_id", "at", "actor", "action", "subject", "before", "after", "correlation_id")


def to_canonical(entry: Mapping[str, Any]) -> bytes:
    """The canonical form of an entry with (at least) the members of `FIELDS`.

    Raises:
        TypeError: the entry holds a value without a canonical form, such as a fraction.
    """
    plain = {name: entry[name] for name in FIELDS}
    at = plain["at"]
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise TypeError("an entry's `at` is an instant with its time zone")
    plain["at"] = at.astimezone(UTC).isoformat(timespec="microseconds")
    for name in ("office_id", "correlation_id", "subject"):
        plain[name] = str(plain[name])
    return to_canonical_json(plain)


def compute_digest(entry: Mapping[str, Any]) -> bytes:
    """The SHA-256 of an entry's canonical form."""
    return hashlib.sha256(to_canonical(entry)).digest()


def chain_hash(before: bytes, entry_digest: bytes) -> bytes:
    """The hash of the entry with this digest that comes after the hash `before`."""
    return hashlib.sha256(before + entry_digest).digest()
