"""Facts that the log holds and a restored ledger does not: what each says, and what returns. Pure.

Rule books, calendars, settings, templates, mutes and holds are told whole, so they return from
their events. The others are a part of what ingest stored: a person enters them again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import (
    ExtensionGranted,
    HearingRecorded,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    StatusReported,
    UnitUpserted,
)

TO_ENTER_AGAIN = (
    ObligationsAssigned,
    ObligationsAmended,
    ObligationsWithdrawn,
    StatusReported,
    HearingRecorded,
    ExtensionGranted,
    UnitUpserted,
)
"""The facts that do not return by themselves."""


@dataclass(frozen=True, slots=True)
class LostFact:
    """A fact that the restored ledger lacks.

    Attributes:
        kind: the event's type.
        at: when it was told.
        unit_id: None of an office as a whole.
        subject: the obligation, where it is about one.
        what: what it says, in a few words.
        returns: whether it comes back from the log; else a person enters it again.
    """

    kind: str
    at: datetime
    office_id: UUID
    unit_id: UUID | None
    subject: UUID | None
    what: str
    returns: bool


@dataclass(frozen=True, slots=True)
class LatestNumbers:
    """The highest number that was told of each obligation and unit.

    Later changes take higher ones: with the same number readers would ignore them.
    """

    obligations: dict[UUID, int] = field(default_factory=dict)
    units: dict[UUID, int] = field(default_factory=dict)


def describe_fact(envelope: Envelope) -> LostFact:
    """A lost fact as an operator sees it."""
    event = envelope.event
    return LostFact(
        type(event).__name__,
        envelope.time,
        event.office_id,
        getattr(event, "unit_id", None),
        getattr(event, "obligation_id", None),
        _say(event),
        not isinstance(event, TO_ENTER_AGAIN),
    )


def _say(event: Event) -> str:
    match event:
        case ObligationsAssigned() | ObligationsAmended():
            return f"{event.plan_title}: {len(event.obligations)}"
        case ObligationsWithdrawn():
            return f"{len(event.obligation_ids)}: {event.reason}"
        case StatusReported():
            return f"{event.status} {event.reported_by}: {event.note}".removesuffix(": ")
        case HearingRecorded():
            return f"{event.heard_on} {event.heard_by}"
        case ExtensionGranted():
            return f"{event.due_on}: {event.reason}"
        case _:
            return getattr(event, "name", "")


def collect_numbers(events: Iterable[Event]) -> LatestNumbers:
    """The highest numbers that some events tell."""
    numbers = LatestNumbers()
    for event in events:
        match event:
            case ObligationsAssigned() | ObligationsAmended():
                for facts in event.obligations:
                    _raise(numbers.obligations, facts.obligation_id, facts.number)
            case StatusReported() | HearingRecorded() | ExtensionGranted():
                _raise(numbers.obligations, event.obligation_id, event.number)
            case UnitUpserted():
                _raise(numbers.units, event.unit_id, event.number)
            case _:
                pass
    return numbers


def _raise(numbers: dict[UUID, int], name: UUID, number: int) -> None:
    numbers[name] = max(number, numbers.get(name, 0))
