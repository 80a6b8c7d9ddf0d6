"""What a dead letter holds, and whether it may be replayed. Pure."""

from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from shared.schemas.topics import TOPICS

REPLAYABLE_FOR = timedelta(days=20)
"""How long a letter may be replayed: other consumers of its topic remember for 30 days which events
they applied, and they may have applied it before this one failed on it."""
_NOT_SENT_AGAIN = "ce_link"
"""A header that the relay makes anew."""
_KNOWN_TOPICS = frozenset(topic.name for topic in TOPICS)


class NoReplay(StrEnum):
    """Why a letter can't be replayed."""

    DECIDED = "decided"
    """It was replayed or discarded before."""
    INCOMPLETE = "incomplete"
    """The record was too large to be kept, has no value or no event id, or was erased."""
    UNKNOWN_TOPIC = "unknown-topic"
    TOO_OLD = "too-old"


@dataclass(frozen=True, slots=True)
class LetterHeaders:
    """What the headers of a dead record say; empty and None where they lack it."""

    pairs: list[list[str]]
    event_type: str
    event_id: UUID | None
    office_id: UUID | None


def read_headers(encoded: Iterable[tuple[str, str]]) -> LetterHeaders:
    """The headers of a dead record, from pairs of name and base64; what is no text is left out."""
    pairs = []
    for name, value in encoded:
        text = _read_text(value)
        if text is not None and name != _NOT_SENT_AGAIN and "\x00" not in name:
            pairs.append([name, text])
    texts = dict(pairs)
    return LetterHeaders(
        pairs,
        event_type=texts.get("ce_type", ""),
        event_id=_read_id(texts.get("ce_id", "")),
        office_id=_read_id(texts.get("ce_officeid", "")),
    )


def find_obstacle(
    *, is_open: bool, topic: str, has_record: bool, event_id: UUID | None, age: timedelta
) -> NoReplay | None:
    """Why a letter can't be replayed; None when it can.

    Args:
        is_open: whether nobody decided about it.
        topic: without the installation's prefix.
        has_record: whether its record is kept with its value.
        event_id: of the event in it.
        age: since it became a letter.
    """
    if not is_open:
        return NoReplay.DECIDED
    if not has_record or event_id is None:
        return NoReplay.INCOMPLETE
    if topic not in _KNOWN_TOPICS:
        return NoReplay.UNKNOWN_TOPIC
    return NoReplay.TOO_OLD if age > REPLAYABLE_FOR else None


def choose_office(named: UUID | None, offices: frozenset[UUID]) -> UUID | None:
    """The office whose letter it is: the one that it names, or the only one there is."""
    if named in offices:
        return named
    return next(iter(offices)) if len(offices) == 1 else None


def _read_text(value: str) -> str | None:
    try:
        text = b64decode(value).decode()
    except ValueError:
        return None
    return None if "\x00" in text else text


def _read_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
