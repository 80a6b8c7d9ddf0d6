"""Each night the reminders of the last days are compared with the ledger."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.handlers.acting import Act, tell
from services.ingest.handlers.ledger import expecting
from services.ingest.handlers.ledger.expecting import Audit
from services.ingest.handlers.office.rules import office_zone
from services.ingest.settings import IngestSettings
from services.ingest.store import expecting as store
from shared import metrics
from shared.clock import Clock
from shared.logging import bound, log
from shared.schemas.events import ExpectedAudited

_MISSING = Gauge(
    "cuiban_expected_missing",
    "Reminders that the ledger asked for and that are missing or lack something, by the last night",
)
_NAMED = 50
"""How many differences one night writes to the log; the command shows more."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Nightly:
    """Looks every so often whether a night's audit is due. Several processes may do so at once."""

    engine: AsyncEngine
    clock: Clock
    settings: IngestSettings

    async def run(self) -> None:
        """Audit every night, until cancelled; what goes wrong is tried again at the next look."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - waited out, whatever it is
                metrics.FAULTS.labels("expected").inc()
                log(__name__).warning("loop.waits", loop="expected", error=str(error)[:300])
            await asyncio.sleep(self.settings.expected_every.total_seconds())

    async def look(self) -> int:
        """Audit the offices whose night has come; how many."""
        now = self.clock.now()
        async with self.engine.connect() as db:
            offices = await store.office_ids(db)
        done = 0
        for office_id in offices:
            done += await self._night(office_id, now)
        async with self.engine.connect() as db:
            _MISSING.set(await store.missing(db))
        return done

    async def _night(self, office_id: UUID, now: datetime) -> bool:
        async with self.engine.connect() as plain:
            db = await plain.execution_options(isolation_level="REPEATABLE READ")
            local = now.astimezone(await office_zone(db, office_id))
            today = (
                local.date() if local.time() >= self.settings.expected_at else local.date() - _DAY
            )
            last = today - _DAY
            before = await store.last_day(db, office_id)
            if before is not None and before >= last:
                return False
            days = last - (self.settings.expected_days - 1) * _DAY, last
            found = await expecting.audit(
                db, expecting.question(self.settings, office_id, days, now)
            )
            named = await expecting.shown(db, found)
        if not await self._enter(office_id, found, now):
            return False  # another process was first
        with bound(office_id=str(office_id)):
            told = {"first_day": str(days[0]), "last_day": str(last), "missing": found.missing}
            log(__name__).info("expected.audited", **told, expected=found.expected)
            for row in named["differences"][:_NAMED]:
                words = {name: str(row[name]) for name in ("unit_id", "audience", "kind", "reason")}
                ids = ",".join(map(str, row["obligations"][:20]))
                slot = row["slot"].isoformat()
                log(__name__).error("expected.difference", **words, slot=slot, obligations=ids)
        return True

    async def _enter(self, office_id: UUID, found: Audit, now: datetime) -> bool:
        """Keep what a night came to, and tell it; False when that was done already."""
        act = Act(office_id, "ingest", now, uuid4())
        differing = len(found.differences)
        counts = {"expected": found.expected, "emitted": found.emitted, "missing": found.missing}
        days: dict[str, date] = {"first_day": found.first, "last_day": found.last}
        row = {"office_id": office_id, "audited_at": now, "differences": differing}
        async with self.engine.begin() as db:
            if not await store.put_audit(db, row | counts | days):
                return False
            event = ExpectedAudited(
                office_id=office_id,
                first_day=found.first,
                last_day=found.last,
                audited_at=now,
                **counts,
                differing=differing,
                explained=len(found.explained),
                not_checked=sum(found.not_checked.values()),
            )
            await tell(db, act, event, office_id, found.last)
        return True
