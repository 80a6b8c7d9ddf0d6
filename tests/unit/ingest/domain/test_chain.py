"""The canonical form: one text for one meaning, and a hash that stands for all before it."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.chain import FIRST_HASH, chain_hash, compute_digest, to_canonical

ENTRY = {
    "office_id": UUID(int=1),
    "at": datetime(2023, 6, 1, 1, tzinfo=UTC),
    "actor": "王\n“五”",
    "action": "measure.settled",
    "subject": UUID(int=2),
    "before": {"b": None, "a": [1, True, "x"]},
    "after": {},
    "correlation_id": UUID(int=3),
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_the_form_is_the_one_that_is_written_down() -> None:
    """By hand: sorted, unspaced, unescaped, the instant in UTC with six decimals."""
    zero = "00000000-0000-0000-0000-00000000000"
    assert to_canonical(ENTRY).decode() == (
        '{"action":"measure.settled","actor":"王\\n“五”","after":{},'
        '"at":"2023-06-01T01:00:00.000000+00:00","before":{"a":[1,true,"x"],"b":null},'
        f'"correlation_id":"{zero}3","office_id":"{zero}1","subject":"{zero}2"}}'
    )
    assert compute_digest(ENTRY) == hashlib.sha256(to_canonical(ENTRY)).digest()
    assert (
        chain_hash(FIRST_HASH, compute_digest(ENTRY))
        == hashlib.sha256(bytes(32) + compute_digest(ENTRY)).digest()
    )


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_went_through_json_has_the_same_form(before: dict) -> None:
    entry = {**ENTRY, "before": before}
    assert to_canonical({**entry, "before": json.loads(json.dumps(before))}) == to_canonical(entry)


def test_the_same_instant_in_another_zone_has_the_same_form() -> None:
    there = ENTRY["at"].astimezone(timezone(timedelta(hours=8)))
    assert to_canonical({**ENTRY, "at": there}) == to_canonical(ENTRY)


@pytest.mark.parametrize("name", sorted(ENTRY))
def test_every_member_counts(name: str) -> None:
    other = {"at": ENTRY["at"] + timedelta(microseconds=1), "before": {}, "after": {"x": 1}}
    assert compute_digest({**ENTRY, name: other.get(name, "other")}) != compute_digest(ENTRY)


@pytest.mark.parametrize("value", [1.5, {1: "x"}, datetime(2023, 6, 1, tzinfo=UTC), b"x"])
def test_what_can_be_written_in_two_ways_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        to_canonical({**ENTRY, "after": {"x": value}})
    with pytest.raises(TypeError):
        to_canonical({**ENTRY, "at": datetime(2023, 6, 1)})  # noqa: DTZ001 - on purpose
