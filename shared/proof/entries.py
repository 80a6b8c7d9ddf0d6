"""The entries of a proof of notice, each bound to all before it by a chain of hashes. Pure.

An entry is one line of `entries.jsonl`: a JSON object with exactly the members

- `number`: from 1, without gaps;
- `kind`: what the facts are of, such as `message`; the first entry is an `export`;
- `facts`: an object; its members depend on the kind (`docs/proof.md`);
- `hash`: in small hexadecimal digits: the hash of the hash before it (32 bytes; zeros before the
  first) followed by the canonical text of the object without `hash`.

The text is canonical (`shared.canonical_json`) and ends with one line feed. Changing any of this
makes every archive that exists invalid: a change is another version of the format.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.canonical_json import to_canonical_json
from shared.proof.hashing import Algorithm, compute_hash

FIRST_HASH = bytes(32)
"""The hash before the first entry."""
LONGEST_LINE = 32_000_000
"""Bytes of an entry; a text has a million characters at most."""
_MEMBERS = {"number", "kind", "facts", "hash"}


class EntryKind(StrEnum):
    """What an entry states. A reader takes further kinds as they are."""

    EXPORT = "export"
    """What was asked for; the first entry."""
    UNIT = "unit"
    """A unit of the selection; the entries up to the next one are about it."""
    OBLIGATION = "obligation"
    """An obligation with all states that it had."""
    REMINDER = "reminder"
    """A reminder that became due; its messages follow."""
    MESSAGE = "message"
    """A message of the reminder before it: address, text, state."""
    ATTEMPT = "attempt"
    """A call of a gateway for the message before it, with the gateway's answer."""
    RECEIPT = "receipt"
    """What the gateway reported later of the message before it."""
    CHANGE = "change"
    """A journal entry about an obligation: what the unit answered, what the office decided."""


class EntryFlaw(StrEnum):
    """How a line fails to be the next entry of the chain."""

    UNREADABLE = "unreadable"
    """It is not the canonical text of an entry."""
    CUT_OFF = "cut-off"
    """The line has no end."""
    ALTERED = "altered"
    """It has another hash than the chain gives it."""
    MISSING = "missing"
    """A later entry stands in its place."""
    REPEATED = "repeated"
    """An earlier entry stands in its place."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as its line has it."""

    number: int
    kind: str
    facts: Mapping[str, Any]
    hash: str


class EntryError(Exception):
    """A line is not the next entry of the chain."""

    def __init__(self, flaw: EntryFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(slots=True)
class Chain:
    """The chain up to an entry: how many there are, and the hash of the last one, its head."""

    algorithm: Algorithm
    count: int = 0
    head: bytes = FIRST_HASH

    def add(self, kind: EntryKind, facts: Mapping[str, Any]) -> bytes:
        """The line of the next entry.

        Raises:
            TypeError: the facts have no canonical text.
        """
        plain = {"number": self.count + 1, "kind": kind.value, "facts": facts}
        self.head = compute_hash(self.algorithm, self.head, to_canonical_json(plain))
        self.count += 1
        return to_canonical_json(plain | {"hash": self.head.hex()}) + b"\n"

    def check(self, entry: Entry) -> None:
        """Make sure that an entry is the next one of the chain.

        Raises:
            EntryError: it is not.
        """
        if entry.number != self.count + 1:
            is_later = entry.number > self.count + 1
            raise EntryError(EntryFlaw.MISSING if is_later else EntryFlaw.REPEATED)
        plain = {"number": entry.number, "kind": entry.kind, "facts": entry.facts}
        head = compute_hash(self.algorithm, self.head, to_canonical_json(plain))
        if head.hex() != entry.hash:
            raise EntryError(EntryFlaw.ALTERED)
        self.count, self.head = entry.number, head


def read_entry(line: bytes) -> Entry:
    """The entry of a line, of which only the form is checked.

    Raises:
        EntryError: the line is not that of an entry.
    """
    if not line.endswith(b"\n"):
        raise EntryError(EntryFlaw.CUT_OFF)
    plain = read_canonical_object(line[:-1])
    match plain:
        case {"number": int(number), "kind": str(kind), "facts": dict(facts), "hash": str(digest)}:
            if plain.keys() == _MEMBERS:
                return Entry(number, kind, facts, digest)
        case _:
            pass
    raise EntryError(EntryFlaw.UNREADABLE)


def read_canonical_object(text: bytes) -> dict[str, Any]:
    """The object of a canonical text.

    Raises:
        EntryError: it is no object, or its text is not the canonical one.
    """
    try:
        plain = json.loads(text.decode())
        if isinstance(plain, dict) and to_canonical_json(plain) == text:
            return plain
    except (ValueError, TypeError, RecursionError) as error:
        raise EntryError(EntryFlaw.UNREADABLE) from error
    raise EntryError(EntryFlaw.UNREADABLE)
