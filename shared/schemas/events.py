"""The events, past tense and frozen. Within a version fields are only added, with defaults.

Readers ignore fields that they do not know, so a newer writer does not stop an older reader.
CloudEvents 1.0 attributes are Kafka headers (`shared.kafka.broker.codec`); these models are the
values.
"""

from typing import Annotated, Final
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema, field_serializer
from typing_extensions import override

from shared.rules.book import EXTENDED, How
from shared.schemas.base_events import Event, UnitEvent
from shared.schemas.facts import (
    Contact,
    MeasureFacts,
    NotificationRef,
    ObligationFacts,
    ObligationProgress,
    ReminderItem,
    Status,
)
from shared.schemas.mutes import NotFired
from shared.schemas.rules import Audience, Channel
from shared.schemas.values import Day, Instant, Zone

# --- tasks -----------------------------------------------------------------------------------


class _Owed(UnitEvent):
    plan_id: UUID
    plan_title: str
    measures: tuple[MeasureFacts, ...]
    obligations: tuple[ObligationFacts, ...]


class ObligationsAssigned(_Owed):
    """What one unit owes of a plan, as one list (or a part of a very long one)."""


class ObligationsAmended(_Owed):
    """Obligations that changed, whole; those that are not named stay as they were.

    Measures without obligations have new words alone, and are told to one unit that owes them.
    """


class ObligationsWithdrawn(UnitEvent):
    """The unit no longer owes these."""

    obligation_ids: tuple[UUID, ...]
    reason: str


class StatusReported(UnitEvent):
    """A unit, or the office for it, reported how an obligation stands.

    `reminded` is False while no reminders are sent for it though it is not done, such as while the
    office reviews what the unit submitted. `progress` is None where an older writer told it.
    """

    obligation_id: UUID
    status: Status
    number: int
    reported_by: str
    note: str = ""
    reminded: bool = True
    progress: ObligationProgress | None = None


class HearingRecorded(UnitEvent):
    """The unit's head heard the report; this fulfils the obligation of that period."""

    hearing_id: UUID
    obligation_id: UUID
    number: int
    heard_on: Day
    heard_by: str
    minutes: str = ""


class ExtensionGranted(UnitEvent):
    """The office moved an obligation's date; from `known_on` on it is owed by that date."""

    obligation_id: UUID
    number: int
    due_on: Day
    reason: str
    known_on: Day | None = None


# --- directory -------------------------------------------------------------------------------


class UnitUpserted(UnitEvent):
    """A unit as it now is. `number` rises with each change of the unit."""

    number: int
    name: str
    kind: str = ""
    groups: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    office_name: str = ""


# --- reminders -------------------------------------------------------------------------------


_CHANNELS_SCHEMA = WithJsonSchema(
    {"type": "array", "items": {"enum": [*(channel.value for channel in Channel), EXTENDED]}}
)


def _drop_extended(channels: object) -> object:
    if isinstance(channels, list | tuple):
        return [channel for channel in channels if channel != EXTENDED]
    return channels


class ReminderDue(UnitEvent):
    """What one audience of one unit hears in one slot: the digest, or what one rule has apart.

    `part` is 0, or counts what the slot has beside: rules with a way of sending of their own, and
    what was added after it had fired. `complete` is False when the slot fired before all that was
    told before it had been read. `how` is the way of the rule `rule_id`; None for the digest, which
    has no `rule_id`. `to_unit` is the unit whose post hears; None where it is the unit that owes
    the items. With `how` or `to_unit`, the written `channels` have the word `extended`, so that a
    release that would ignore the way, or tell the wrong unit, parks the event.
    """

    reminder_id: UUID
    audience: Audience
    slot: Instant
    timezone: Zone
    channels: Annotated[tuple[Channel, ...], BeforeValidator(_drop_extended), _CHANNELS_SCHEMA]
    rule_version: int
    plan_title: str
    items: tuple[ReminderItem, ...] = Field(min_length=1)
    part: int = 0
    complete: bool = True
    rule_id: str = ""
    how: How | None = None
    to_unit: UUID | None = None

    @field_serializer("channels")
    def _write_channels(self, channels: tuple[Channel, ...]) -> list[str]:
        is_extended = self.how is not None or self.to_unit is not None
        return [*channels, *([EXTENDED] if is_extended else [])]


class ReminderWithdrawn(UnitEvent):
    """These obligations must not be reminded of any more in reminders up to `until`."""

    obligation_ids: tuple[UUID, ...]
    until: Instant
    reason: str


class RemindersNotFired(UnitEvent):
    """Occurrences of which the unit's slots came, and of which no reminder was sent on purpose."""

    items: tuple[NotFired, ...] = Field(min_length=1)


class ReminderFannedOut(UnitEvent):
    """The reminder became these notifications; each ends in one of `gateway_events`."""

    reminder_id: UUID
    audience: Audience
    slot: Instant
    notifications: tuple[NotificationRef, ...]


WITHDRAWN: Final = "withdrawn"
"""The `reason` of a NotificationSuppressed when nothing in it is owed now."""


class ExpectedAudited(Event):
    """A night's audit: the reminders that the ledger asked for on some days, beside those emitted.

    `missing` counts reminders that are not there or lack something, `differing` all that differ
    though nothing explains it, `explained` those that differ as the rules allow.
    """

    first_day: Day
    last_day: Day
    audited_at: Instant
    expected: int
    emitted: int
    missing: int
    differing: int
    explained: int = 0
    not_checked: int = 0


# --- receipts and dead letters ---------------------------------------------------------------


class LinkRequested(UnitEvent):
    """A contact whose link has expired asked for a new one.

    It names no address: the link goes to the one that the directory has.
    """

    request_id: UUID
    contact_id: UUID
    requested_at: Instant
    timezone: Zone


class RecordDeadLettered(Event):
    """A record that could not be read or applied: the raw bytes (base64), and why."""

    consumer: str
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    record_key: str | None
    record_value: str | None
    record_headers: tuple[tuple[str, str], ...] = ()

    @property
    @override
    def key(self) -> str:
        """The topic that the record came from."""
        return self.topic
