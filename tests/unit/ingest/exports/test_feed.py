"""Calendar feeds keep to RFC 5545, as a strict parser reads them."""

import re
from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from services.ingest.exports.feed import FeedEvent, write_feed

ID = UUID("00000000-0000-0000-0000-000000000001")
AT = datetime(2023, 6, 1, 1, tzinfo=UTC)
ANY_TEXT = st.text(max_size=300)


def make_event(summary="1.1 目录（办理时限）", description="公开目录。"):
    return FeedEvent(ID, 2, AT, date(2023, 12, 31), summary, description)


def test_an_event_is_a_whole_day_with_the_identity_and_number_of_the_obligation():
    calendar = IcsCalendarStream.calendar_from_ics(write_feed("县财政局", [make_event()]).decode())
    (event,) = calendar.events
    assert event.uid == f"{ID}@cuiban"
    assert (event.dtstart, event.dtend) == (date(2023, 12, 31), date(2024, 1, 1))
    assert (event.sequence, event.transparency) == (2, "TRANSPARENT")
    assert event.dtstamp == AT
    assert event.summary == "1.1 目录（办理时限）"


def test_the_same_facts_give_the_same_bytes():
    assert write_feed("a", [make_event()]) == write_feed("a", [make_event()])


def test_an_empty_feed_is_a_calendar():
    assert IcsCalendarStream.calendar_from_ics(write_feed("a", []).decode()).events == []


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_whatever_the_texts_hold_the_lines_are_those_of_the_rfc(summary, description):
    content = write_feed(summary, [make_event(summary, description)])
    assert content.endswith(b"\r\n")
    for line in content.removesuffix(b"\r\n").split(b"\r\n"):
        assert len(line) <= 75
        assert not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line)
        line.decode("utf-8")
    unfolded = content.replace(b"\r\n ", b"").decode()
    assert unfolded.count("BEGIN:VEVENT") == unfolded.count("\r\nBEGIN:VEVENT") == 1
    (event,) = IcsCalendarStream.calendar_from_ics(content.decode()).events
    assert len(event.description or "") <= len(description)
