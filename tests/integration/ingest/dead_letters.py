"""Dead letters of an office, kept as their consumer keeps them."""

from typing import Any
from uuid import UUID, uuid4

from services.ingest.handlers.office.dead_letters import keep_letters
from shared.errors import PoisonError
from shared.kafka.broker.codec import encode
from shared.kafka.broker.records import Partition, RawRecord
from shared.kafka.consuming.dead_letters import build_dead_letter
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderWithdrawn
from shared.schemas.topics import REMINDERS
from tests.integration.ingest.conftest import NOW


def make_record(office_id: UUID, *, headers: bool = True) -> RawRecord:
    """A record of the reminders' topic as its relay sent it, with its link."""
    event = ReminderWithdrawn(
        office_id=office_id, unit_id=uuid4(), obligation_ids=(uuid4(),), until=NOW, reason="done"
    )
    encoded = encode(Envelope(uuid4(), "/test", NOW, uuid4(), event))
    kept = (*encoded.headers, ("ce_link", b"0 scheduler 1 1 1 0")) if headers else ()
    at = Partition(REMINDERS.name, 0)
    return RawRecord(at, uuid4().int % 2**40, encoded.key, encoded.value, kept)


async def put_dead_letter(api: Any, record: RawRecord | None = None, **values: Any) -> str:
    """Keep a record of the office that a consumer could not apply; the letter's id."""
    error = PoisonError(values.get("reason", "handler-failed"), "DataError")
    record = record or make_record(api.office_id)
    letter = build_dead_letter("notifier-reminders", "/test", record, error, NOW)
    async with api.engine.begin() as db:
        await keep_letters("", db, [letter])
    return str(letter.id)
