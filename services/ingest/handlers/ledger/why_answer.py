"""The answer to why a unit was reminded or not, with names and sentences."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.store import obligations
from services.ingest.store import why as store
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.reminder_audit import map_unit_names
from services.ingest.store.why import SentMessage, SentReminder
from shared.planning.coming import ComingReminder
from shared.planning.expected import Era
from shared.planning.explaining import Explanation, FiredReminder, RecordedKey, UnfiredReminder
from shared.planning.possible import ObligationLife
from shared.schemas.mutes import NotFired
from shared.schemas.why_not import describe

LISTED = 1000
"""How many reminders that were not sent an answer lists, the newest."""


@dataclass(slots=True)
class Why:
    """The answer; entries are as `shared.api.why` has them, each list rising."""

    next: list[dict[str, Any]] = field(default_factory=list)
    fired: list[dict[str, Any]] = field(default_factory=list)
    not_fired: list[dict[str, Any]] = field(default_factory=list)
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class KnownOfUnit:
    """What is known of one unit: its obligations, the office's rules, and its reminders."""

    unit_id: UUID
    lives: Mapping[UUID, ObligationLife]
    eras: Sequence[Era]
    reminders: Sequence[SentReminder]
    recorded: Mapping[UUID, Mapping[RecordedKey, NotFired]]
    span: tuple[datetime, datetime]


async def describe_why(
    db: AsyncConnection,
    act: Act,
    known: KnownOfUnit,
    explained: Mapping[UUID, Explanation],
    coming: Mapping[UUID, Sequence[ComingReminder]],
) -> Why:
    """The answer with names: of obligations, of who acted, and of what became of messages."""
    entries = {each.obligation_id: each for each in await obligations.list_entries(db, explained)}
    fired = [(i, each) for i, explanation in explained.items() for each in explanation.fired]
    unfired = [(i, each) for i, explanation in explained.items() for each in explanation.not_fired]
    fired.sort(key=lambda pair: (pair[1].slot, str(pair[0])))
    unfired.sort(key=lambda pair: (pair[1].slot, str(pair[0])))
    shown = unfired[-LISTED:]
    following = [(i, each) for i, of_one in coming.items() for each in of_one]
    following.sort(key=lambda pair: (pair[1].slot, str(pair[0])))
    actors = await _map_actors(db, act, entries, shown)
    zone = await get_office_zone(db, act.office_id)
    others = {hearer.to_unit for _, each in following for hearer in each.hearers}
    others |= {each.to_unit for _, each in fired}
    names = await map_unit_names(db, [unit_id for unit_id in others if unit_id])
    return Why(
        next=[_describe_coming(entries[i], each, names) for i, each in following],
        fired=[
            each | {"to_unit": names.get(each["to_unit_id"], "")}
            for each in await _describe_fired(db, known, entries, fired)
        ],
        not_fired=[
            _describe_unfired(entries[i], each, actors.get((i, each.at), ""), zone)
            for i, each in shown
        ],
        omitted=len(unfired) - len(shown),
    )


async def _map_actors(
    db: AsyncConnection,
    act: Act,
    entries: Mapping[UUID, LedgerEntry],
    unfired: Sequence[tuple[UUID, UnfiredReminder]],
) -> dict[tuple[UUID, datetime | None], str]:
    """Who changed obligations at the instants that are the reason, by obligation and instant."""
    pairs = {(i, each.at) for i, each in unfired if each.at is not None}
    subjects: Collection[UUID] = {
        subject for i, _ in pairs for subject in (i, entries[i].measure_id, entries[i].plan_id)
    }
    noted = await store.map_actors(db, act.office_id, subjects, {at for _, at in pairs})
    actors: dict[tuple[UUID, datetime | None], str] = {}
    for i, at in pairs:
        entry = entries[i]
        of_subject = (noted.get((each, at)) for each in (i, entry.measure_id, entry.plan_id))
        known = {entry.done_at: entry.done_by, entry.submitted_at: entry.submitted_by}
        actors[i, at] = next(filter(None, of_subject), None) or known.get(at) or ""
    return actors


def _describe_about(entry: LedgerEntry, slot: datetime) -> dict[str, Any]:
    return {
        "slot": slot,
        "obligation_id": entry.obligation_id,
        "ref": entry.ref,
        "task_name": entry.task_name,
    }


def _describe_coming(
    entry: LedgerEntry, each: ComingReminder, names: Mapping[UUID, str]
) -> dict[str, Any]:
    mute = each.mute
    own = [hearer.audience for hearer in each.hearers if hearer.to_unit is None]
    return _describe_about(entry, each.slot) | {
        "rule": each.rule_id,
        "version": each.version,
        "overdue": each.overdue,
        "audiences": list(dict.fromkeys(own)),
        "others": [
            {
                "audience": hearer.audience,
                "unit_id": hearer.to_unit,
                "unit": names.get(hearer.to_unit, ""),
            }
            for hearer in each.hearers
            if hearer.to_unit is not None
        ],
        "mute_id": mute.mute_id if mute else None,
        "muted_by": mute.muted_by if mute else "",
        "muted_why": mute.reason if mute else "",
    }


async def _describe_fired(
    db: AsyncConnection,
    known: KnownOfUnit,
    entries: Mapping[UUID, LedgerEntry],
    fired: Sequence[tuple[UUID, FiredReminder]],
) -> list[dict[str, Any]]:
    keys = {(each.slot, each.audience) for _, each in fired}
    sent: defaultdict[Any, list[SentReminder]] = defaultdict(list)
    for reminder in known.reminders:
        if (reminder.slot, reminder.audience) in keys:
            sent[reminder.slot, reminder.audience].append(reminder)
    ids = [reminder.reminder_id for parts in sent.values() for reminder in parts]
    messages: defaultdict[UUID, list[SentMessage]] = defaultdict(list)
    for message in await store.list_messages(db, known.unit_id, ids):
        messages[message.reminder_id].append(message)
    books = {era.timetable.book.version: era.timetable for era in known.eras}
    described = []
    for i, each in fired:
        parts = [
            part
            for part in sent[each.slot, each.audience]
            if part.to_unit == each.to_unit and _has_item(part, i)
        ]
        version = parts[-1].rule_version
        rules = [books[version].get_rule(name) for name in each.rules if version in books]
        described.append(
            _describe_about(entries[i], each.slot)
            | {
                "rules": list(each.rules),
                "version": version,
                "audience": each.audience,
                "overdue": each.overdue,
                "channels": sorted({c for rule in rules if rule for c in rule.channels}),
                "messages": [m for part in parts for m in messages[part.reminder_id]],
                "to_unit_id": each.to_unit,
            }
        )
    return described


def _has_item(reminder: SentReminder, obligation_id: UUID) -> bool:
    return any(item["obligation_id"] == str(obligation_id) for item in reminder.items)


def _describe_unfired(
    entry: LedgerEntry, each: UnfiredReminder, actor: str, zone: ZoneInfo
) -> dict[str, Any]:
    who = each.actor or actor
    values = {
        "actor": who,
        "at": f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}" if each.at else "",
        "note": each.note,
        "due": each.due_before.isoformat() if each.due_before else "",
        "condition": each.condition,
    }
    chinese, english = describe(each.reason, values)
    return _describe_about(entry, each.slot) | {
        "rule": each.rule_id,
        "version": each.version,
        "audiences": list(each.audiences),
        "reason": each.reason,
        "actor": who,
        "at": each.at,
        "mute_id": each.mute_id,
        "due_before": each.due_before,
        "condition": each.condition,
        "chinese": chinese,
        "english": english,
        "of": each.of,
    }
