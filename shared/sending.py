"""Rows of an outbox to the broker: together while all goes well, one by one after a refusal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    UnsupportedForMessageFormatError,
)
from aiokafka.structs import RecordMetadata

from shared.outbox import MESSAGE_LIMIT
from shared.settings import Settings
from shared.topics import named

_REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    InvalidTimestampError,
    UnsupportedForMessageFormatError,
    PolicyViolationError,
)
"""What a broker says of a record that it will never take as it is. The list is closed: after any
other error all rows are tried again."""
_NEW_PARTITIONS = 60_000
"""Milliseconds after which a raised number of partitions is known."""


@dataclass
class Outcome:
    """What became of rows.

    Attributes:
        sent: rows with where the broker put them.
        refused: rows with why the broker will never take them.
        error: why the others are neither.
    """

    sent: list[tuple[Any, RecordMetadata]] = field(default_factory=list)
    refused: list[tuple[Any, str]] = field(default_factory=list)
    error: Exception | None = None


def place(at: RecordMetadata) -> int | None:
    """The offset of an acknowledged record; None when the broker did not tell it.

    It does not when it says that it has the record already.
    """
    unknown = at.log_start_offset is not None and at.log_start_offset < 0
    return None if unknown else at.offset


class Sender:
    """One idempotent producer, replaced after a refusal: the refused took sequence numbers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer = _producer(settings)

    async def send(self, rows: Sequence[Any]) -> Outcome:
        """Send rows in their order; one that is refused does not hold up the others."""
        outcome = Outcome()
        answers = await self._together(rows)
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, RecordMetadata):
                outcome.sent.append((row, answer))
        failed = [each for each in zip(rows, answers, strict=True) if _failed(each[1])]
        if any(isinstance(answer, _REFUSALS) for _, answer in failed):
            await self._one_by_one([row for row, _ in failed], outcome)
        elif failed:
            outcome.error = failed[0][1]
        return outcome

    async def _one_by_one(self, rows: Sequence[Any], outcome: Outcome) -> None:
        """A batch is refused as a whole: find out which of its rows are meant."""
        await self._replace()
        for row in rows:
            (answer,) = await self._together([row])
            if isinstance(answer, RecordMetadata):
                outcome.sent.append((row, answer))
            elif isinstance(answer, _REFUSALS):
                outcome.refused.append((row, f"{type(answer).__name__}: {answer}"[:500]))
                await self._replace()
            else:
                outcome.error = answer
                return

    async def _together(self, rows: Sequence[Any]) -> list[Any]:
        """For each row where it stands, or its error."""
        waiting: list[asyncio.Future[RecordMetadata]] = []
        for row in rows:
            try:
                sent = await self.producer.send(
                    named(row.topic, self._settings.topic_prefix),
                    key=row.key,
                    value=row.value,
                    headers=[(name, value.encode()) for name, value in row.headers],
                )
            except _REFUSALS as error:  # by the producer's own limits
                sent = asyncio.get_running_loop().create_future()
                sent.set_exception(error)
            waiting.append(sent)
        return await asyncio.gather(*waiting, return_exceptions=True)

    async def _replace(self) -> None:
        await self.producer.stop()
        self.producer = _producer(self._settings)
        await self.producer.start()


def _failed(answer: object) -> bool:
    return not isinstance(answer, RecordMetadata)


@asynccontextmanager
async def sender(settings: Settings) -> AsyncIterator[Sender]:
    """A sender whose producer is closed even when it could not be started."""
    sending = Sender(settings)
    try:
        await sending.producer.start()
        yield sending
    finally:
        await sending.producer.stop()


def _producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka,
        enable_idempotence=True,
        acks="all",
        linger_ms=2,
        max_batch_size=256 * 1024,
        max_request_size=MESSAGE_LIMIT,
        metadata_max_age_ms=_NEW_PARTITIONS,
        request_timeout_ms=15_000,
    )
