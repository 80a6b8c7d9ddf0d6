"""Each night: compares the last days' reminders with the ledger, erases old texts, renews rules."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.handlers.acting import Act, tell
from services.ingest.handlers.ledger import reminder_audit
from services.ingest.handlers.ledger.reminder_audit import ReminderAudit
from services.ingest.handlers.office.calendars import find_missing_year
from services.ingest.handlers.office.retention import forget_old_texts
from services.ingest.handlers.office.rules import get_office_zone, renew_default_rules
from services.ingest.settings import IngestSettings
from services.ingest.store import reminder_audit as store
from shared import metrics
from shared.clock import Clock
from shared.logging import bound, log
from shared.schemas.events import ExpectedAudited

_MISSING = Gauge(
    "cuiban_expected_missing",
    "Reminders that the ledger asked for and that are missing or lack something, by the last night",
)
_NAMED = 50
"""How many differences a night writes to the log; the command shows more."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Nightly:
    """Checks regularly whether a night's audit is due. One process at a time audits an office."""

    engine: AsyncEngine
    clock: Clock
    settings: IngestSettings

    async def run(self) -> None:
        """ReminderAudit every night, until cancelled; after an error the next check tries again."""
        while True:
            try:
                await self.audit_due_offices()
            except Exception as error:  # noqa: BLE001 - waited out, whatever it is
                metrics.FAULTS.labels("expected").inc()
                log(__name__).warning("loop.waits", loop="expected", error=str(error)[:300])
            await asyncio.sleep(self.settings.expected_every.total_seconds())

    async def audit_due_offices(self) -> int:
        """ReminderAudit the offices whose audit is due; how many."""
        now = self.clock.now()
        async with self.engine.connect() as db:
            offices = await store.list_office_ids(db)
        audited = 0
        for office_id in offices:
            audited += await self._audit_office(office_id, now)
        async with self.engine.connect() as db:
            _MISSING.set(await store.count_missing(db))
        return audited

    async def _audit_office(self, office_id: UUID, now: datetime) -> bool:
        async with self.engine.connect() as plain:
            db = await plain.execution_options(isolation_level="REPEATABLE READ")
            if not await store.try_lock_night(db, office_id):
                return False  # another process is at it
            local = now.astimezone(await get_office_zone(db, office_id))
            today = (
                local.date() if local.time() >= self.settings.expected_at else local.date() - _DAY
            )
            last = today - _DAY
            audited = await store.find_last_audited_day(db, office_id)
            if audited is not None and audited >= last:
                return False
            days = last - (self.settings.expected_days - 1) * _DAY, last
            asked = reminder_audit.make_question(self.settings, office_id, days, now)
            result = await reminder_audit.audit(db, asked)
            described = await reminder_audit.describe(db, result)
            unknown = await find_missing_year(db, office_id, today)
            if not await self._record(office_id, result, now):
                return False  # another process was first
        with bound(office_id=str(office_id)):
            log(__name__).info(
                "expected.audited",
                first_day=str(days[0]),
                last_day=str(last),
                missing=result.missing,
                expected=result.expected,
            )
            if unknown:
                log(__name__).warning("calendar.unknown", year=unknown)
            for row in described["differences"][:_NAMED]:
                words = {name: str(row[name]) for name in ("unit_id", "audience", "kind", "reason")}
                ids = ",".join(map(str, row["obligations"][:20]))
                slot = row["slot"].isoformat()
                log(__name__).error("expected.difference", **words, slot=slot, obligations=ids)
        return True

    async def _record(self, office_id: UUID, result: ReminderAudit, now: datetime) -> bool:
        """Store and publish a night's result; False when that was done already."""
        act = Act(office_id, "ingest", now, uuid4())
        differing = len(result.differences)
        counts = {"expected": result.expected, "emitted": result.emitted, "missing": result.missing}
        days: dict[str, date] = {"first_day": result.first, "last_day": result.last}
        row = {"office_id": office_id, "audited_at": now, "differences": differing}
        async with self.engine.begin() as db:
            if not await store.add_audit(db, row | counts | days):
                return False
            event = ExpectedAudited(
                office_id=office_id,
                first_day=result.first,
                last_day=result.last,
                audited_at=now,
                **counts,
                differing=differing,
                explained=len(result.explained),
                not_checked=sum(result.not_checked.values()),
            )
            await tell(db, act, event, office_id, result.last)
            await forget_old_texts(db, act)
            if await renew_default_rules(db, act):
                log(__name__).info("rules.renewed", office_id=str(office_id))
        return True
