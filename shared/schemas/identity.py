"""Deterministic ids (uuid5): the same name gives the same id, so a repeat has no effect."""

from datetime import datetime
from uuid import UUID, uuid5

NAMESPACE = UUID("6f0b7c1e-52f4-5d6f-9a44-b5a1f3c0d001")
"""The namespace of every Cuiban id. Never change it: no stored id could be derived again."""


def derive_id(*parts: object) -> UUID:
    """The id of a name in parts, which are joined with a separator that no part holds."""
    return uuid5(NAMESPACE, "\x1f".join(map(str, parts)))


def derive_office_id(slug: str) -> UUID:
    """An office, by its short name, such as `yanting`."""
    return derive_id("office", slug)


def derive_unit_id(office: UUID, unit_name: str) -> UUID:
    """A unit, by the full name it was first entered under."""
    return derive_id("unit", office, unit_name)


def derive_contact_id(unit: UUID, post: str, number: int) -> UUID:
    """The `number`th contact (from 0) that holds a post in a unit."""
    return derive_id("contact", unit, post, number)


def derive_plan_id(office: UUID, document_sha256: str) -> UUID:
    """A plan, by the document it was read from."""
    return derive_id("plan", office, document_sha256)


def derive_measure_id(plan: UUID, ref: str) -> UUID:
    """A measure, by its place in its plan: `16.2` is the second measure of task 16."""
    return derive_id("measure", plan, ref)


def derive_obligation_id(measure: UUID, unit: UUID, period: str) -> UUID:
    """An obligation: what one unit owes for one measure in one period."""
    return derive_id("obligation", measure, unit, period)


def derive_reminder_id(unit: UUID, audience: str, slot: datetime, part: int = 0) -> UUID:
    """The reminder of one audience of a unit in one slot.

    `part` counts from 0: facts that arrive after the slot fired make a further part.
    """
    parts = (part,) if part else ()
    return derive_id("reminder", unit, audience, slot.isoformat(), *parts)


def derive_notification_id(reminder: UUID, contact: UUID | str, channel: str) -> UUID:
    """A reminder for one contact on one channel."""
    return derive_id("notification", reminder, contact, channel)


def derive_event_id(event_type: str, *parts: object) -> UUID:
    """An event, by its type and content: publishing it again gives the same id."""
    return derive_id("event", event_type, *parts)
