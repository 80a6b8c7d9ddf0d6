"""Calendar entries as iCalendar objects for a mail (RFC 5545, RFC 5546). Pure."""

from datetime import datetime, timedelta

from icalendar import Calendar, Event, vCalAddress

from services.notifier.domain.calendar_entries import CalendarEntry, Method

_DAY = timedelta(days=1)


def write_entry(entry: CalendarEntry, *, organizer: str, stamped_at: datetime) -> str:
    """One entry as an object of its own, in lines: iTIP has one UID in each object.

    A whole day that does not make anybody busy, and asks for no answer.

    Args:
        entry: its state says what the calendar does with it.
        organizer: the address of the mail's sender.
        stamped_at: an aware instant.
    """
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", stamped_at)
    event.add("dtstart", entry.due_on)
    event.add("dtend", entry.due_on + _DAY)
    event.add("summary", entry.summary)
    event.add("transp", "TRANSPARENT")
    event.add("status", "CANCELLED" if entry.method is Method.CANCEL else "CONFIRMED")
    event["organizer"] = vCalAddress(f"mailto:{organizer}")
    attendee = vCalAddress(f"mailto:{entry.address}")
    attendee.params["rsvp"] = "FALSE"
    event.add("attendee", attendee, encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Cuiban//Cuiban//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", entry.method.value)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written.decode().replace("\r\n", "\n")
