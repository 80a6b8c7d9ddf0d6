"""Writes a proof of notice: what was owed, sent, answered and decided, in one snapshot.

Units are read one by one, and reminders in parts, so that memory does not grow with the period.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import BinaryIO
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain import proof as domain
from services.ingest.domain.proof import ProvenMessage, ProvenReminder, Statement
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note, require_unit
from services.ingest.handlers.ledger.locking import require_obligation
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.handlers.reports.proof_covers import ProofTally
from services.ingest.store import offices
from services.ingest.store import proof as store
from services.ingest.store.proof import ProofPeriod, ProofUnit
from shared.proof.hashing import Algorithm
from shared.proof.manifest import Manifest, ProofRequest
from shared.proof.writing import ArchiveFullError, ProofWriter


@dataclass(frozen=True, slots=True)
class ProofQuestion:
    """What a proof is asked for: a unit's, an obligation's or the whole office's, in some days.

    `first` of None means from the beginning on, `last` of None up to the present day.
    """

    unit_id: UUID | None
    obligation_id: UUID | None
    first: date | None
    last: date | None
    algorithm: Algorithm


@dataclass(slots=True)
class _Proving:
    """An archive that is being written."""

    db: AsyncConnection
    office_id: UUID
    period: ProofPeriod
    obligation_id: UUID | None
    writer: ProofWriter
    tally: ProofTally

    def add(self, statements: Iterable[Statement]) -> None:
        for kind, facts in statements:
            self.writer.add(kind, facts)
            self.tally.count(kind)


async def write_proof(
    db: AsyncConnection, act: Act, asked: ProofQuestion, file: BinaryIO
) -> Manifest:
    """Write an archive into an empty file. The transaction must read one snapshot.

    Raises:
        RefusedError: no such unit or obligation, a period without days, or too much for one file.
    """
    unit_id = asked.unit_id
    if asked.obligation_id is not None:
        unit_id = await require_obligation(db, act, asked.obligation_id)
        if asked.unit_id not in {None, unit_id}:
            raise RefusedError(Fault.NOT_FOUND, "没有这一责任事项。There is no such obligation.")
    units = await store.list_units(db, act.office_id, unit_id)
    if unit_id is not None:
        require_unit(act, unit_id)
        if not units:
            raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")
    zone = await get_office_zone(db, act.office_id)
    period = _make_period(asked, act.now, zone)
    office = await offices.get_office(db, act.office_id)
    request = ProofRequest(
        algorithm=asked.algorithm,
        proof_id=str(uuid4()),
        office_id=str(act.office_id),
        office=office.name,
        timezone=zone.key,
        first=period.first.isoformat() if period.first else "",
        last=period.last.isoformat(),
        unit_id=str(unit_id or ""),
        unit=units[0].name if unit_id else "",
        obligation_id=str(asked.obligation_id or ""),
        made_at=domain.format_instant(act.now),
        made_by=act.actor,
    )
    tally = ProofTally(zone)
    try:
        writer = ProofWriter(file, request)
        proving = _Proving(db, act.office_id, period, asked.obligation_id, writer, tally)
        for unit in units:
            await _write_unit(proving, unit)
    except ArchiveFullError as error:
        raise RefusedError(
            Fault.INVALID,
            "内容超过 4 GiB，一个文件装不下。It is more than the 4 GiB that one file can have.",
            "请缩短期间，或按单位分别导出。Choose a shorter period, or one unit at a time.",
        ) from error
    return await asyncio.to_thread(_finish, writer, tally)


def _make_period(asked: ProofQuestion, now: datetime, zone: ZoneInfo) -> ProofPeriod:
    last = asked.last or now.astimezone(zone).date()
    if asked.first is not None and asked.first > last:
        raise RefusedError(
            Fault.INVALID,
            "起始日晚于截止日。The first day is after the last.",
            "请调换两个日期（`from`、`to`）。Exchange the two dates (`from`, `to`).",
        )
    begin = datetime.combine(asked.first, time(), tzinfo=zone) if asked.first else None
    end = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    return ProofPeriod(asked.first, last, begin, end)


async def _write_unit(proving: _Proving, unit: ProofUnit) -> None:
    """The unit, what it owed, what it was sent, and what was changed about what it owed."""
    db, period, wanted = proving.db, proving.period, proving.obligation_id
    proving.tally.begin_unit(unit.name)
    proving.add([domain.describe_unit(unit.unit_id, unit.name)])
    duties = await store.list_duties(db, unit.unit_id, wanted, period)
    ids = [duty.obligation_id for duty in duties]
    if ids:
        states = await store.map_states(db, unit.unit_id, ids)
        proving.add(domain.describe_obligation(duty, states[duty.obligation_id]) for duty in duties)
    async for reminders in store.read_reminders(db, unit.unit_id, wanted, period):
        messages = await store.list_messages(db, unit.unit_id, reminders)
        await asyncio.to_thread(_add_reminders, proving, reminders, messages)
    if ids:
        changes = await store.list_changes(db, proving.office_id, ids, period)
        proving.add(map(domain.describe_change, changes))


def _add_reminders(
    proving: _Proving, reminders: Iterable[ProvenReminder], messages: Iterable[ProvenMessage]
) -> None:
    """Reminders, each followed by its messages."""
    by_reminder: dict[UUID, list[ProvenMessage]] = {}
    for message in messages:
        by_reminder.setdefault(message.reminder_id, []).append(message)
    for reminder in reminders:
        proving.add([domain.describe_reminder(reminder)])
        for message in by_reminder.get(reminder.reminder_id, ()):
            proving.add(domain.describe_message(message))
            proving.tally.count_message(message)


def _finish(writer: ProofWriter, tally: ProofTally) -> Manifest:
    from services.ingest.exports.proof_cover import write_cover  # noqa: PLC0415 - ADR 130

    return writer.finish(write_cover(tally.make_cover(writer.request, writer.chain)))


async def note_export(db: AsyncConnection, act: Act, manifest: Manifest) -> None:
    """Write into the journal what stands for the whole archive."""
    request = manifest.request
    asked = ("unit_id", "obligation_id", "first", "last", "algorithm")
    after = {name: getattr(request, name) for name in asked}
    after |= {"entries": manifest.entries, "head": manifest.head, "seal": manifest.seal}
    await note(db, act, "proof.exported", request.proof_id, after=after)
