"""The leading relay's passes: read the oldest rows, send them, mark them, send watermarks.

A pass is one transaction of the session that holds the relay's lock. A replay, which changes what
may be sent, first takes the lock of the passes (`Acknowledgements.take_turn`), so no row is being
sent while it runs.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, metrics
from shared.database.news import LOOK_AFTER, News
from shared.kafka.outbox.acknowledgements import Acknowledgements
from shared.kafka.outbox.publishing import UNSENT, has_unsent
from shared.kafka.outbox.row_spans import end_row_spans, start_row_spans
from shared.kafka.outbox.sending import Sender, SendOutcome, UnsentRow
from shared.kafka.outbox.watermark_sender import WatermarkSender
from shared.logging import log
from shared.settings import Settings

_BATCH, _BATCH_BYTES = 1000, 2**20
"""The largest number of events in a pass, and their largest number of bytes."""
_PRUNED, _PRUNE_EVERY = 2000, 60.0
"""The largest number of old rows that a pass deletes, and the seconds between two searches."""
_STOPPED_POLL = 1.0
"""Seconds between two passes while a topic is stopped, since each one scans all its rows."""


@dataclass
class Leader:
    """The relay that holds the lock, and sends.

    Attributes:
        db: the session that holds the lock.
        outbox: the table whose rows are sent.
        sending: sends rows to the broker.
        known: what the broker acknowledged, and which topics are stopped.
        watermarks: sends watermarks.
        news: of rows that this process wrote.
    """

    db: AsyncConnection
    outbox: Table
    settings: Settings
    sending: Sender
    known: Acknowledgements
    watermarks: WatermarkSender
    news: News
    _prune_at: float = field(default=0.0)

    async def run(self) -> None:
        """Run passes until an error.

        Raises:
            KafkaError, OSError, SQLAlchemyError: broker or database do not answer. Acknowledged
                rows are marked as sent, unless it was the database.
        """
        await self.known.take_turn(self.db)
        await self.db.commit()  # the run is stored before anything is sent in it
        while True:
            self.news.forget()
            if not (await self._has_work() and await self._run_pass()):
                await self._rest()

    async def _rest(self) -> None:
        """Wait for news, for the time of a watermark, or until it is time to look again."""
        poll = self.settings.poll / timedelta(seconds=1)
        if self.known.stopped:
            await asyncio.sleep(max(poll, _STOPPED_POLL))
            return
        for _ in range(LOOK_AFTER):
            if await self.news.wait(poll) or self._is_watermark_due():
                return

    def _is_watermark_due(self) -> bool:
        until = self.watermarks.read_clock()
        return until is not None and self.watermarks.is_due(until)

    async def _has_work(self) -> bool:
        """Whether a pass has work to do; one round trip, without a transaction."""
        if self.known.stopped or clock.monotonic() >= self._prune_at or self._is_watermark_due():
            return True
        await self.db.execution_options(isolation_level="AUTOCOMMIT")
        is_unsent = await has_unsent(self.db, self.outbox)
        await self.db.commit()  # sends nothing: the isolation level changes only between uses
        await self.db.execution_options(isolation_level="READ COMMITTED")
        return is_unsent

    async def _run_pass(self) -> int:
        await self.known.take_turn(self.db)
        until = (
            self.watermarks.read_clock()
        )  # before the read: rows that it does not see were committed later
        rows = await self._read_oldest()
        is_complete = _is_complete(rows)
        outcome = await self._send(rows) if rows else SendOutcome()
        await self._prune()
        await self.db.commit()
        if outcome.error:
            raise outcome.error
        if until and is_complete and self.watermarks.is_due(until):
            await self._send_watermarks(until)
        return len(outcome.sent) + len(outcome.refused)

    async def _send(self, rows: Sequence[UnsentRow]) -> SendOutcome:
        await self.known.check_logs(self.db, self.sending.producer, {row.topic for row in rows})
        sendable = [row for row in rows if row.topic not in self.known.get_stopped()]
        spans = start_row_spans(sendable)
        outcome = await self.sending.send(sendable, self.known.numbers)
        end_row_spans(spans, outcome)
        await self._mark(outcome)
        await self.known.save(self.db, outcome.sent)
        await self._refuse(outcome)
        metrics.RELAYED.inc(len(outcome.sent))
        return outcome

    async def _send_watermarks(self, until: datetime) -> None:
        # A watermark names the record before it: sent after a loss, it would stop every reader.
        await self.known.check_logs(self.db, self.sending.producer, self.watermarks.topics)
        await self.db.commit()
        offsets = await self.watermarks.send(
            self.db, self.sending.producer, until, self.known.numbers, self.known.get_stopped()
        )
        await self.known.check_offsets(self.db, offsets)
        await self.db.commit()

    async def _read_oldest(self) -> list[UnsentRow]:
        """The oldest rows: at most `_BATCH` of them, until their values reach `_BATCH_BYTES`."""
        rows = await self.db.execute(
            text(
                "SELECT id, topic, key, value, headers FROM ("  # noqa: S608 - a Table's name
                "SELECT *, sum(octet_length(value)) OVER (ORDER BY id) AS upto FROM ("
                f"SELECT * FROM {self.outbox.fullname} WHERE {UNSENT} "
                "AND topic <> ALL(CAST(:stopped AS text[])) ORDER BY id LIMIT :limit) AS oldest"
                ") AS summed WHERE upto - octet_length(value) < :most ORDER BY id"
            ).columns(headers=JSONB),
            {"limit": _BATCH, "most": _BATCH_BYTES, "stopped": sorted(self.known.get_stopped())},
        )
        return [UnsentRow(row.id, row.topic, row.key, row.value, row.headers) for row in rows]

    async def _mark(self, outcome: SendOutcome) -> None:
        await self.db.execute(
            text(
                f"UPDATE {self.outbox.fullname} AS o SET sent_at = now(), "  # noqa: S608 - a Table's name
                "sent_partition = v.partition, sent_offset = v.place, sent_run = :run, "
                "sent_number = v.number FROM unnest(CAST(:ids AS bigint[]), "
                "CAST(:partitions AS int[]), CAST(:places AS bigint[]), "
                "CAST(:numbers AS bigint[])) AS v(id, partition, place, number) WHERE o.id = v.id"
            ),
            {
                "run": self.known.numbers.run,
                "ids": [sent.row.id for sent in outcome.sent],
                "partitions": [sent.partition for sent in outcome.sent],
                "places": [sent.offset for sent in outcome.sent],
                "numbers": [sent.number for sent in outcome.sent],
            },
        )

    async def _refuse(self, outcome: SendOutcome) -> None:
        """Mark the rows that the broker refused permanently, and log them."""
        for refusal in outcome.refused:
            row, reason = refusal.row, refusal.reason
            await self.db.execute(
                text(f"UPDATE {self.outbox.fullname} SET refused = :reason WHERE id = :id"),  # noqa: S608 - a Table's name
                {"id": row.id, "reason": reason},
            )
            metrics.REFUSED.labels(row.topic).inc()
            log(__name__).error(
                "relay.refused",
                outbox_id=row.id,
                topic=row.topic,
                event_id=next((value for name, value in row.headers if name == "ce_id"), ""),
                reason=reason,
                hint="Remove the cause, then run "
                f"`cuiban ops outbox retry {self.outbox.schema} {row.id}`.",
            )

    async def _prune(self) -> None:
        """Delete rows that were sent before the replay window, at most `_PRUNED`."""
        if clock.monotonic() < self._prune_at:
            return
        deleted = await self.db.execute(
            text(
                f"DELETE FROM {self.outbox.fullname} WHERE id = ANY(ARRAY("  # noqa: S608 - a Table's name
                f"SELECT id FROM {self.outbox.fullname} "
                "WHERE sent_at < now() - CAST(:window AS interval) ORDER BY sent_at LIMIT :most))"
            ),
            {"window": self.settings.replay_window, "most": _PRUNED},
        )
        self._prune_at = clock.monotonic() + (0 if deleted.rowcount == _PRUNED else _PRUNE_EVERY)


def _is_complete(rows: Sequence[UnsentRow]) -> bool:
    """Whether a read reached neither of its limits, and so left no row out."""
    return len(rows) < _BATCH and sum(len(row.value) for row in rows) < _BATCH_BYTES
