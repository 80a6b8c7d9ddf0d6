"""Which units lead measures, and which one is the office itself, from time to time. No I/O."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from services.ingest.store.leading import LeadState
from services.ingest.store.office_settings import OwnUnit

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LeadPeriod:
    """The units that lead a measure from the period before until an instant; None: until now."""

    until: datetime | None
    units: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class OfficePeriod:
    """The unit that is the office from the period before until an instant; None: until now."""

    until: datetime | None
    unit_id: UUID | None


def list_office_periods(own_units: Sequence[OwnUnit]) -> list[OfficePeriod]:
    """Which unit is the office itself from time to time, rising; `own_units` rise."""
    ends = [each.since for each in own_units]
    known = [None, *(each.unit_id for each in own_units)]
    return [
        OfficePeriod(until, unit_id) for until, unit_id in zip([*ends, None], known, strict=True)
    ]


def list_lead_periods(states: Iterable[LeadState]) -> dict[UUID, list[LeadPeriod]]:
    """Which units lead measures from time to time, rising, by measure id."""
    spans: defaultdict[UUID, list[LeadState]] = defaultdict(list)
    for state in states:
        if not state.withdrawn:
            spans[state.measure_id].append(state)
    return {measure_id: list(_join_spans(led)) for measure_id, led in spans.items()}


def _join_spans(spans: Sequence[LeadState]) -> Iterator[LeadPeriod]:
    """The periods in which the same units lead."""
    ends = {at for span in spans for at in (span.since, span.until) if at is not None}
    begins = [_BEFORE_ALL, *sorted(ends)]
    known: LeadPeriod | None = None
    for begin, until in zip(begins, [*begins[1:], None], strict=True):
        units = {
            span.unit_id
            for span in spans
            if (span.since or _BEFORE_ALL) <= begin < (span.until or _AFTER_ALL)
        }
        period = LeadPeriod(until, tuple(sorted(units)))
        if known is not None and known.units != period.units:
            yield known
        known = period
    if known is not None:
        yield known


def map_present(states: Iterable[LeadState]) -> Mapping[UUID, tuple[UUID, ...]]:
    """The units that lead measures now, by measure id."""
    return {
        measure_id: periods[-1].units for measure_id, periods in list_lead_periods(states).items()
    }
