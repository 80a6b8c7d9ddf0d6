"""Writes due dates as an iCalendar feed (RFC 5545), which calendars subscribe to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event, vDuration

_REFRESH = timedelta(hours=6)
_DAY = timedelta(days=1)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What a content line can't hold."""


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """A due date in the feed. The same id with a higher number replaces an earlier version."""

    event_id: UUID
    number: int
    changed_at: datetime
    day: date
    summary: str
    description: str


def write_feed(name: str, events: Iterable[FeedEvent]) -> bytes:
    """The feed of a unit. The same events give the same bytes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Cuiban//Cuiban//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", _clean_line(name))
    calendar.add("x-wr-calname", _clean_line(name))
    calendar.add("refresh-interval", vDuration(_REFRESH), parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", vDuration(_REFRESH))
    for event in events:
        calendar.add_component(_make_event(event))
    written: bytes = calendar.to_ical()
    return written


def _make_event(event: FeedEvent) -> Event:
    """A whole day that does not make anybody busy."""
    entry = Event()
    entry.add("uid", f"{event.event_id}@cuiban")
    entry.add("dtstamp", event.changed_at)
    entry.add("sequence", event.number)
    entry.add("dtstart", event.day)
    entry.add("dtend", event.day + _DAY)
    entry.add("summary", _clean_line(event.summary))
    entry.add("description", _clean(event.description))
    entry.add("transp", "TRANSPARENT")
    return entry


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text)


def _clean_line(text: str) -> str:
    return " ".join(_clean(text).split())
