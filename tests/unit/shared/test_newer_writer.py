"""Events of a newer release: what is only added is kept, what is not understood is named so."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.errors import PoisonError
from shared.kafka.broker.codec import decode, encode
from shared.rules.book import How, RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue
from shared.schemas.office_events import RuleBookPublished
from shared.schemas.rules import Channel
from shared.schemas.topics import RULES

TOLD = Envelope(
    UUID(int=1),
    "/cuiban/ingest",
    datetime(2026, 6, 1, tzinfo=UTC),
    UUID(int=1),
    RuleBookPublished(office_id=UUID(int=2), book=make_default_rule_book()),
)


def written(**book: object) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    record = encode(TOLD)
    value = json.loads(record.value)
    value["book"] |= book
    return json.dumps(value).encode(), record.headers


def test_a_field_added_deep_inside_is_read_and_kept() -> None:
    rule = make_default_rule_book().model_dump(mode="json")["rules"][0] | {"quiet": True}
    value, headers = written(digest=True, rules=[rule])
    event = decode(RULES, value, headers).event
    assert isinstance(event, RuleBookPublished)
    assert event.book.rules[0].rule_id == rule["rule_id"]
    kept = json.loads(event.book.model_dump_json())  # as a service stores it
    assert kept["digest"] is True
    assert kept["rules"][0]["quiet"] is True
    assert RuleBook.model_validate(kept) == event.book  # as it reads it again


@pytest.mark.parametrize(
    "change",
    [{"channels": ["wechat"]}, {"when": [{"type": "each-monday"}]}, {"catch_up": "once"}],
)
def test_a_word_of_a_later_release_is_not_understood(change: dict[str, object]) -> None:
    rule = make_default_rule_book().model_dump(mode="json")["rules"][0] | change
    value, headers = written(rules=[rule])
    with pytest.raises(PoisonError) as refused:
        decode(RULES, value, headers)
    assert refused.value.reason == "not-understood"


@pytest.mark.parametrize(
    "added", [{}, {"how": How(urgency="urgent")}, {"to_unit": UUID(int=3)}], ids=["", "how", "unit"]
)
def test_a_reminder_that_an_older_reader_would_send_wrongly_is_parked_by_it(
    added: dict[str, object],
) -> None:
    """It knows no channel `extended`: it sends nothing early, and nothing to the wrong unit."""
    place = Path(__file__).parents[2] / "contract" / "events" / "ReminderDue.v1.json"
    event = ReminderDue.model_validate_json(place.read_text())
    event = event.model_copy(update={"how": None, "to_unit": None} | added)
    written = json.loads(event.model_dump_json())
    assert ("extended" in written["channels"]) is bool(added)
    assert ReminderDue.model_validate(written) == event
    channels = TypeAdapter(tuple[Channel, ...])
    if added:
        with pytest.raises(ValidationError) as refused:
            channels.validate_python(written["channels"])
        assert [error["type"] for error in refused.value.errors()] == ["enum"]


def test_what_is_wrong_in_any_release_is_a_bad_value() -> None:
    value, headers = written(version=0, timezone="Nowhere/At-All")
    with pytest.raises(PoisonError) as refused:
        decode(RULES, value, headers)
    assert refused.value.reason == "bad-value"


def test_who_writes_a_rule_book_is_read_strictly() -> None:
    book = make_default_rule_book().model_dump(mode="json")
    RuleBook.model_validate(book, extra="forbid")
    with pytest.raises(ValueError, match="digest"):
        RuleBook.model_validate(book | {"digest": True}, extra="forbid")
    book["rules"][0]["when"][0]["weeks"] = 2
    with pytest.raises(ValueError, match="weeks"):
        RuleBook.model_validate(book, extra="forbid")
