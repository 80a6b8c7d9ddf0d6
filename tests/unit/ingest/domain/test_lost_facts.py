"""Facts that a restored ledger lacks: which return, and which numbers were told."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from services.ingest.domain.lost_facts import collect_numbers, describe_fact
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import ExtensionGranted, StatusReported, UnitUpserted
from shared.schemas.facts import Status
from shared.schemas.office_events import CalendarPublished

OFFICE, UNIT, DUTY = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2023, 6, 1, 1, tzinfo=UTC)
DONE = StatusReported(
    office_id=OFFICE,
    unit_id=UNIT,
    obligation_id=DUTY,
    status=Status.DONE,
    number=4,
    reported_by="王敏",
)
MOVED = ExtensionGranted(
    office_id=OFFICE,
    unit_id=UNIT,
    obligation_id=DUTY,
    number=3,
    due_on=date(2023, 7, 1),
    reason="系统迁移",
)
NAMED = UnitUpserted(office_id=OFFICE, unit_id=UNIT, number=7, name="县财政局")


def to_envelope(event: Event) -> Envelope:
    return Envelope(uuid4(), "/cuiban/ingest", NOW, uuid4(), event)


def test_a_report_is_entered_again_and_says_who_reported_what() -> None:
    fact = describe_fact(to_envelope(DONE))
    assert (fact.kind, fact.subject, fact.returns) == ("StatusReported", DUTY, False)
    assert fact.what == "done 王敏"
    assert describe_fact(to_envelope(NAMED)).what == "县财政局"


def test_what_is_told_whole_returns() -> None:
    fact = describe_fact(to_envelope(CalendarPublished(office_id=OFFICE, number=2, days={})))
    assert (fact.returns, fact.unit_id) == (True, None)


def test_the_highest_number_of_each_counts_in_any_order() -> None:
    for events in ([DONE, MOVED, NAMED], [NAMED, MOVED, DONE]):
        numbers = collect_numbers(events)
        assert (numbers.obligations, numbers.units) == ({DUTY: 4}, {UNIT: 7})
