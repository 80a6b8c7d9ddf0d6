"""The leading relay's passes: read the oldest rows, send them, mark them, send watermarks.

A pass is one transaction of the session that holds the relay's lock. A replay, which changes what
may be sent, first takes the lock of the passes (`Acknowledgements.take_turn`), so no row is being
sent while it runs.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock, metrics
from shared.logging import log
from shared.outbox.acknowledgements import Acknowledgements
from shared.outbox.publishing import UNSENT, has_unsent
from shared.outbox.sending import Sender, SendOutcome, get_offset
from shared.outbox.watermark_sender import WatermarkSender
from shared.settings import Settings

_BATCH, _BATCH_BYTES = 1000, 2**20
"""What the relay holds at once: so many events, or fewer that come to so many bytes."""
_PRUNED, _PRUNE_EVERY = 2000, 60.0
"""Old rows that one pass deletes at most, and the seconds after which it looks for them again."""
_STOPPED_POLL = 1.0
"""Seconds between two looks while a topic is stopped: all its rows are walked over each time."""


@dataclass
class Leader:
    """What the leading relay works with.

    Attributes:
        db: the session that holds the lock.
        outbox: the table that is emptied.
        sending: the way to the broker.
        known: what the broker acknowledged, and which topics are stopped.
        watermarks: what the relay tells of its completeness.
    """

    db: AsyncConnection
    outbox: Table
    settings: Settings
    sending: Sender
    known: Acknowledgements
    watermarks: WatermarkSender
    _prune_at: float = field(default=0.0)

    async def run(self) -> None:
        """Pass after pass, until an error.

        Raises:
            KafkaError, OSError, SQLAlchemyError: broker or database are away; what the broker
                acknowledged is marked, unless the database is.
        """
        poll = self.settings.poll / timedelta(seconds=1)
        await self.known.take_turn(self.db)
        await self.db.commit()  # whatever is sent from now on, its run is known
        while True:
            if not (await self._has_work() and await self._run_pass()):
                await asyncio.sleep(max(poll, _STOPPED_POLL) if self.known.stopped else poll)

    async def _has_work(self) -> bool:
        """Whether a pass has something to do; asked without a transaction, in one round trip."""
        until = self.watermarks.read_clock()
        if self.known.stopped or clock.monotonic() >= self._prune_at:
            return True
        if until and self.watermarks.is_due(until):
            return True
        await self.db.execution_options(isolation_level="AUTOCOMMIT")
        found = await has_unsent(self.db, self.outbox)
        await self.db.commit()  # nothing is sent to the server: a mode changes between two uses
        await self.db.execution_options(isolation_level="READ COMMITTED")
        return found

    async def _run_pass(self) -> int:
        await self.known.take_turn(self.db)
        until = self.watermarks.read_clock()  # before the read: what it does not see came later
        rows = await self._read_oldest()
        all_found = _is_complete(rows)
        outcome = await self._send(rows) if rows else SendOutcome()
        await self._prune()
        await self.db.commit()
        if outcome.error:
            raise outcome.error
        if until and all_found and self.watermarks.is_due(until):
            await self._send_watermarks(until)
        return len(outcome.sent) + len(outcome.refused)

    async def _send(self, rows: Sequence[Any]) -> SendOutcome:
        await self.known.check_logs(self.db, self.sending.producer, {row.topic for row in rows})
        outcome = await self.sending.send(
            [row for row in rows if row.topic not in self.known.get_stopped()], self.known.links
        )
        await self._mark(outcome)
        await self.known.save(self.db, outcome.sent)
        await self._refuse(outcome)
        metrics.RELAYED.inc(len(outcome.sent))
        return outcome

    async def _send_watermarks(self, until: datetime) -> None:
        told = await self.watermarks.send(
            self.db, self.sending.producer, until, self.known.links, self.known.get_stopped()
        )
        await self.known.check_offsets(self.db, told)
        await self.db.commit()

    async def _read_oldest(self) -> Sequence[Any]:
        """The oldest rows; `upto` are the bytes of a row's value and of those before it."""
        found = await self.db.execute(
            text(
                "SELECT id, topic, key, value, headers, upto FROM ("  # noqa: S608 - a Table's name
                "SELECT *, sum(octet_length(value)) OVER (ORDER BY id) AS upto FROM ("
                f"SELECT * FROM {self.outbox.fullname} WHERE {UNSENT} "
                "AND topic <> ALL(CAST(:stopped AS text[])) ORDER BY id LIMIT :limit) AS oldest"
                ") AS summed WHERE upto - octet_length(value) < :most ORDER BY id"
            ).columns(headers=JSONB),
            {"limit": _BATCH, "most": _BATCH_BYTES, "stopped": sorted(self.known.get_stopped())},
        )
        return found.all()

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
                "run": self.known.links.run,
                "ids": [one.row.id for one in outcome.sent],
                "partitions": [one.where.partition for one in outcome.sent],
                "places": [get_offset(one.where) for one in outcome.sent],
                "numbers": [one.number for one in outcome.sent],
            },
        )

    async def _refuse(self, outcome: SendOutcome) -> None:
        """Park what the broker will never take, and name it."""
        for row, reason in outcome.refused:
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
        """Delete a bounded number of rows that were sent before the replay window."""
        if clock.monotonic() < self._prune_at:
            return
        gone = await self.db.execute(
            text(
                f"DELETE FROM {self.outbox.fullname} WHERE id = ANY(ARRAY("  # noqa: S608 - a Table's name
                f"SELECT id FROM {self.outbox.fullname} "
                "WHERE sent_at < now() - CAST(:window AS interval) ORDER BY sent_at LIMIT :most))"
            ),
            {"window": self.settings.replay_window, "most": _PRUNED},
        )
        self._prune_at = clock.monotonic() + (0 if gone.rowcount == _PRUNED else _PRUNE_EVERY)


def _is_complete(rows: Sequence[Any]) -> bool:
    """Whether neither limit of a read was reached: then no row was left out."""
    return not rows or (len(rows) < _BATCH and rows[-1].upto < _BATCH_BYTES)
