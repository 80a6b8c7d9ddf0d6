r"""The journal's chain of hashes: how an entry's canonical form and its hash are made. Pure.

The canonical form of an entry is one JSON object, encoded in UTF-8, with exactly the members
`action`, `actor`, `after`, `at`, `before`, `correlation_id`, `office_id` and `subject`:

- members sorted by the code points of their names, at every depth; no white space;
- characters as they are, except `"`, `\` and those below U+0020, which are escaped as JSON
  demands, in the short form (`\n`) where it has one;
- `at` is the instant in UTC with six decimals, such as `2023-06-01T01:00:00.000000+00:00`;
  ids are UUIDs in small letters; numbers are whole.

An entry's *digest* is the SHA-256 of that text. Its *hash* is the SHA-256 of the hash before it
(32 bytes; zeros before the first) followed by the digest. So a hash stands for its entry and all
that came before. Changing any of this breaks every chain that exists: never do.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

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
    _check(plain)
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")  # no such text is stored: PostgreSQL refuses it


def _check(value: object) -> None:
    """Refuse values without one canonical form, or that JSON would change without an error."""
    match value:
        case None | bool() | int() | str():
            return
        case dict():
            for name, inner in value.items():
                if not isinstance(name, str):
                    raise TypeError(f"{name!r} is no name of a member")
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")


def compute_digest(entry: Mapping[str, Any]) -> bytes:
    """The SHA-256 of an entry's canonical form."""
    return hashlib.sha256(to_canonical(entry)).digest()


def chain_hash(before: bytes, entry_digest: bytes) -> bytes:
    """The hash of the entry with this digest that comes after the hash `before`."""
    return hashlib.sha256(before + entry_digest).digest()
