"""Commits the outcomes of offers, in batches; retries while the database is away."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch.offers import GatewayRules
from services.notifier.dispatch.recording import Result, record
from shared import metrics
from shared.backoff import Backoff
from shared.clock import Clock
from shared.database.engine import is_poison
from shared.logging import log

_LINGER = 0.03
"""Seconds for which outcomes are gathered before a commit, while messages are being sent."""


class Writer:
    """Writes the outcomes of one gateway, in the order in which they come."""

    def __init__(self, engine: AsyncEngine, clock: Clock, rules: GatewayRules, most: int) -> None:
        self._engine, self._clock, self.rules, self._most = engine, clock, rules, most
        self._results: asyncio.Queue[tuple[Result, asyncio.Event] | None] = asyncio.Queue()

    def put(self, result: Result) -> asyncio.Event:
        """Queue a result; the event is set once it is committed."""
        written = asyncio.Event()
        self._results.put_nowait((result, written))
        return written

    def end(self) -> None:
        """Let `run` return once all queued results are written."""
        self._results.put_nowait(None)

    async def run(self, calm: asyncio.Event, written: Callable[[int], None]) -> None:
        """Write until the end.

        Args:
            calm: set while no message is being sent, so that waiting for more results is useless.
            written: called with the number of results after each commit.
        """
        ended = False
        while not ended:
            if (first := await self._results.get()) is None:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_LINGER):
                    await calm.wait()
            batch = [first]
            while not self._results.empty() and len(batch) < self._most:
                if (result := self._results.get_nowait()) is None:
                    ended = True
                    break
                batch.append(result)
            await self._commit([result for result, _ in batch])
            for _, done in batch:
                done.set()
            written(len(batch))

    async def _commit(self, results: list[Result]) -> None:
        """Retry until the commit; if that takes longer than the lease, the outcome is unknown."""
        channel, pauses = self.rules.channel, Backoff()
        while True:
            try:
                async with self._engine.begin() as db:
                    await record(db, self.rules, results, now=self._clock.now())
            except Exception as error:  # noqa: BLE001 - infrastructure errors are waited out
                if is_poison(error):
                    await self._commit_singly(results)
                    return
                metrics.FAULTS.labels(f"record-{channel}").inc()
                log(__name__).warning("record.waits", channel=channel, error=str(error)[:300])
                await pauses.wait()
            else:
                return

    async def _commit_singly(self, results: list[Result]) -> None:
        """Commit each result alone, so that one that fails stops no other; its lease runs out."""
        if len(results) == 1:
            name = str(results[0].offer.notification.notification_id)
            log(__name__).error("record.failed", channel=self.rules.channel, notification_id=name)
            return
        for result in results:
            await self._commit([result])
