"""What a dead record's headers say, and what keeps it from a replay."""

from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.ingest.domain.dead_letters import (
    REPLAYABLE_FOR,
    NoReplay,
    choose_office,
    find_obstacle,
    read_headers,
)

ID, OFFICE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
WHOLE: dict[str, Any] = {
    "is_open": True,
    "topic": "cuiban.tasks.v1",
    "has_record": True,
    "event_id": ID,
    "age": timedelta(days=1),
}


def encode(value: bytes) -> str:
    return b64encode(value).decode()


def test_headers_keep_what_is_text_and_no_link() -> None:
    headers = read_headers(
        [
            ("ce_id", encode(str(ID).encode())),
            ("ce_type", encode(b"cuiban.X.v1")),
            ("ce_officeid", encode(str(OFFICE).encode())),
            ("ce_link", encode(b"0 ingest 1 1 1 0")),
            ("gbk", encode("催办".encode("gbk"))),
            ("nul", encode(b"\x00")),
        ]
    )
    assert [name for name, _ in headers.pairs] == ["ce_id", "ce_type", "ce_officeid"]
    assert (headers.event_id, headers.event_type, headers.office_id) == (ID, "cuiban.X.v1", OFFICE)
    assert read_headers([("ce_id", encode(b"x"))]).event_id is None


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({}, None),
        ({"is_open": False}, NoReplay.DECIDED),
        ({"has_record": False}, NoReplay.INCOMPLETE),
        ({"event_id": None}, NoReplay.INCOMPLETE),
        ({"topic": "another"}, NoReplay.UNKNOWN_TOPIC),
        ({"age": REPLAYABLE_FOR + timedelta(seconds=1)}, NoReplay.TOO_OLD),
    ],
)
def test_only_a_whole_and_recent_letter_is_replayed(
    change: dict[str, Any], obstacle: NoReplay | None
) -> None:
    assert find_obstacle(**WHOLE | change) is obstacle


def test_a_letter_without_an_office_belongs_to_the_only_one() -> None:
    assert choose_office(None, frozenset({OFFICE})) == OFFICE
    assert choose_office(OTHER, frozenset({OFFICE})) == OFFICE
    assert choose_office(None, frozenset({OFFICE, OTHER})) is None
    assert choose_office(OTHER, frozenset({OFFICE, OTHER})) == OTHER
