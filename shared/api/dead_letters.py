"""Dead letters over HTTP: records that a consumer could not read or apply."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict

from shared.api.fields import Answer, Reason, Request


class DeadLetterOut(Answer):
    """A record that `consumer` could not read or apply, and why.

    `obstacle` is why it can't be replayed: decided, incomplete, unknown-topic or too-old; null
    where it can.
    """

    letter_id: UUID
    consumer: str
    topic: str
    partition: int
    record_offset: int
    reason: str
    detail: str
    event_type: str
    event_id: UUID | None
    dead_at: datetime
    state: Literal["open", "replayed", "discarded"]
    decided_at: datetime | None
    decided_by: str
    decided_why: str
    obstacle: str | None


class DeadLetterRecordOut(DeadLetterOut):
    """A dead letter with its record, as text; bytes that are no text are escaped.

    `record_value` is null where the record has none or is not kept.
    """

    record_key: str | None
    record_value: str | None
    record_headers: list[tuple[str, str]]


class DeadLetterCauseOut(Answer):
    """How many letters of one consumer, topic and type have one reason."""

    consumer: str
    topic: str
    reason: str
    event_type: str
    letters: int
    first: datetime
    last: datetime


class DeadLetterDecisionIn(Request):
    """Why a letter is replayed or discarded; it stands in the journal."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "已升级到能识别的版本"}]}
    )

    reason: Reason
