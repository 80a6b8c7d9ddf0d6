"""A due date is brought once, again when it has moved, and always under the same UID."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID

from icalendar import Calendar

from services.notifier.domain.calendar_entries import (
    MOST,
    CalendarEntry,
    EntryState,
    KnownEntry,
    Method,
    plan_entries,
)
from services.notifier.domain.message import Content, Message
from services.notifier.gateways.mime import encode_mail
from services.notifier.rendering.mail import render_cancellation
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import ReminderKind

TODAY = date(2023, 12, 26)
CONTACT, MAIL, LATER = UUID(int=1), UUID(int=2), UUID(int=3)
LIKE = CalendarEntry(
    contact_id=CONTACT,
    obligation_id=CONTACT,
    office_id=UUID(int=4),
    unit_id=UUID(int=5),
    notification_id=MAIL,
    address="jtj@jtj.example",
    due_on=TODAY,
    sequence=0,
    summary="",
)
NEXT = replace(LIKE, notification_id=LATER)


def make_item(number: int, days: int = 5, **more: object) -> ReminderItem:
    return ReminderItem(
        obligation_id=UUID(int=100 + number),
        ref=f"{number}.1",
        task_name="民生保障\r\nX: y",
        text="及时公开。",
        kind=ReminderKind.DEADLINE,
        due_on=TODAY + timedelta(days=days),
    ).model_copy(update=more)


def remember(*entries: CalendarEntry, lost: bool = False) -> Mapping[tuple[UUID, UUID], KnownEntry]:
    return {(each.contact_id, each.obligation_id): KnownEntry(each, lost) for each in entries}


def plan(like: CalendarEntry, *items: ReminderItem, known: object = None) -> list[CalendarEntry]:
    return list(plan_entries(like, items, known or {}, TODAY))  # type: ignore[arg-type]


def test_a_new_date_is_brought_and_one_that_has_passed_is_not() -> None:
    (entry,) = plan(LIKE, make_item(1), make_item(2, days=-1))
    assert (entry.due_on, entry.sequence, entry.method) == (date(2023, 12, 31), 0, Method.REQUEST)
    assert entry.summary == "1.1 民生保障 X: y（到期）"
    assert entry.uid == f"{UUID(int=101)}.{CONTACT}@cuiban"


def test_the_next_mail_brings_nothing_again_and_the_same_mail_the_same() -> None:
    (entry,) = plan(LIKE, make_item(1))
    known = remember(entry)
    assert plan(NEXT, make_item(1), known=known) == []
    assert plan(LIKE, make_item(1), known=known) == [entry]


def test_a_mail_that_was_never_sent_has_brought_nothing() -> None:
    (entry,) = plan(LIKE, make_item(1))
    again = plan(NEXT, make_item(1), known=remember(entry, lost=True))
    assert again == [replace(entry, notification_id=LATER)]


def test_a_moved_date_another_address_and_a_new_beginning_have_a_higher_sequence() -> None:
    (entry,) = plan(LIKE, make_item(1))
    (moved,) = plan(NEXT, make_item(1, days=9), known=remember(entry))
    assert (moved.sequence, moved.uid, moved.due_on) == (1, entry.uid, date(2024, 1, 4))
    holder = replace(NEXT, address="new@jtj.example")
    (other,) = plan(holder, make_item(1), known=remember(entry))
    assert (other.sequence, other.address) == (1, "new@jtj.example")
    ended = entry.cancel()
    assert (ended.sequence, ended.state, ended.method) == (1, EntryState.ENDED, Method.CANCEL)
    (anew,) = plan(NEXT, make_item(1), known=remember(ended))
    assert (anew.sequence, anew.state) == (2, EntryState.ENTERED)


def test_a_mail_brings_the_nearest_dates_alone() -> None:
    items = [make_item(number, days=100 - number) for number in range(MOST + 3)]
    planned = plan(LIKE, *items)
    assert len(planned) == MOST
    assert planned[0].due_on == min(item.due_on for item in items)


def read_calendars(content: Content) -> tuple[list[str], list[Calendar]]:
    """The types of the parts of a mail, and its calendar objects."""
    message = Message(MAIL, "jtj@jtj.example", "县教体局", content)
    raw = encode_mail(
        message, mail_from="办 <gk@b.example>", sent_at=datetime(2023, 12, 26, tzinfo=UTC)
    )
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail.get_content_type() == "multipart/mixed"
    parts = list(mail.iter_parts())
    calendars = [Calendar.from_ical(part.get_payload(decode=True)) for part in parts[1:]]
    for part, calendar in zip(parts[1:], calendars, strict=True):
        assert part.get_content_type() == "text/calendar"
        assert part["content-type"].params["method"] == str(calendar["method"])
        assert part.get_content_disposition() == "attachment"
    return [each.get_content_type() for each in parts[0].iter_parts()], calendars


def test_a_mail_has_its_texts_and_an_object_for_each_date() -> None:
    entries = tuple(plan(LIKE, make_item(1), make_item(2)))
    texts, calendars = read_calendars(Content("题", "文", "<p>文</p>", calendar=entries))
    assert texts == ["text/plain", "text/html"]
    assert [str(each["method"]) for each in calendars] == ["REQUEST", "REQUEST"]
    event = calendars[0].events[0]
    assert (str(event["uid"]), int(event["sequence"])) == (entries[0].uid, 0)
    assert event["dtstart"].dt == date(2023, 12, 31)
    assert str(event["organizer"]) == "mailto:gk@b.example"
    assert str(event["attendee"]) == "mailto:jtj@jtj.example"


def test_a_cancellation_names_the_same_entries_with_a_higher_sequence() -> None:
    entries = [entry.cancel() for entry in plan(LIKE, make_item(1), make_item(2))]
    content = render_cancellation("县政务公开办", "县教体局<\r\nBcc: x", entries)
    assert "\n" not in content.subject
    assert "&lt;" in content.html
    _, calendars = read_calendars(content)
    for entry, calendar in zip(entries, calendars, strict=True):
        event = calendar.events[0]
        assert (str(calendar["method"]), str(event["status"])) == ("CANCEL", "CANCELLED")
        assert (str(event["uid"]), int(event["sequence"])) == (entry.uid, 1)
