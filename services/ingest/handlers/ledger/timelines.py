"""Rows of the ledger and of the reminders, as the comparison takes them. No I/O."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.ingest.handlers.ledger.asked_traits import AskedTraits
from services.ingest.handlers.office.owed_traits import OwedTraits, describe_owed
from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.rows import StoredReminder
from shared.planning.difference_reasons import Emitted
from shared.planning.expected import (
    ExpectedItem,
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    join_versions,
    note_interruptions,
)
from shared.planning.possible import LedgerState, ObligationLife
from shared.planning.silencing import list_concerning
from shared.rules.messages import MessageName
from shared.rules.occurrences import Dates
from shared.schemas.life import ObligationStatus
from shared.schemas.mutes import Mute

BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


def build_histories(
    current: Sequence[CurrentState],
    past: Sequence[PastState],
    asked: AskedTraits,
    mutes: Sequence[Mute] = (),
) -> dict[UUID, dict[UUID, ObligationHistory]]:
    """Each unit's obligations with their versions, by unit id and obligation id.

    `mutes` are the office's.
    """
    histories: defaultdict[UUID, dict[UUID, ObligationHistory]] = defaultdict(dict)
    lives = build_lives(current, past, asked, mutes)
    for now in current:
        histories[now.unit_id][now.obligation_id] = lives[now.obligation_id].history
    return histories


def build_lives(
    current: Sequence[CurrentState],
    past: Sequence[PastState],
    asked: AskedTraits,
    mutes: Sequence[Mute] = (),
) -> dict[UUID, ObligationLife]:
    """Obligations with their status in each state, by obligation id; `mutes` are the office's."""
    earlier: defaultdict[UUID, list[PastState]] = defaultdict(list)
    for state in past:
        earlier[state.obligation_id].append(state)
    return {
        now.obligation_id: _build_life(now, earlier[now.obligation_id], asked, mutes)
        for now in current
    }


def _build_life(
    now: CurrentState, past: Sequence[PastState], asked: AskedTraits, mutes: Sequence[Mute]
) -> ObligationLife:
    owed = describe_owed(now)
    rows: list[CurrentState | PastState] = [*past, now]
    versions = note_interruptions(
        [*(_make_version(was, owed, was.until) for was in past), _make_version(now, owed, None)]
    )
    states = tuple(
        LedgerState(part, row.status, row.withdrawn)
        for row, version in zip(rows, versions, strict=True)
        for part in asked.split(version, now.unit_id, now.measure_id)
    )
    history = ObligationHistory(
        now.obligation_id,
        join_versions(state.version for state in states),
        _find_known_from(now, past),
        list_concerning(mutes, now.unit_id, now.measure_id),
    )
    return ObligationLife(history, states)


def _find_known_from(now: CurrentState, past: Sequence[PastState]) -> datetime | None:
    """The instant before which states are not recorded; None where all are."""
    if now.since is None:
        return _AFTER_ALL
    unrecorded = [state.until or _AFTER_ALL for state in past if state.since is None]
    return unrecorded[-1] if unrecorded else now.unknown_before


def _make_version(
    state: CurrentState | PastState, owed: OwedTraits, until: datetime | None
) -> ObligationVersion:
    return ObligationVersion(
        Dates(state.kind, state.due_on, state.known_on, owed.set_progress(state)),
        owed=state.reminded and not state.withdrawn and state.status is not ObligationStatus.DONE,
        since=state.since or BEFORE_ALL,
        until=until,
    )


def group_reminders(
    reminders: Sequence[StoredReminder],
) -> Mapping[UUID, dict[ReminderKey, Emitted]]:
    """Each unit's emitted reminders, by unit id; the parts of a slot are merged."""
    emitted: defaultdict[UUID, dict[ReminderKey, Emitted]] = defaultdict(dict)
    for part in reminders:
        fired_at = part.fired_at or part.slot
        key = (part.slot, part.audience)
        whole = emitted[part.unit_id].setdefault(key, Emitted({}, fired_at))
        message = MessageName(part.rule_id, part.to_unit)
        for obligation_id, item in (_parse_item(message, each) for each in part.items):
            whole.items[obligation_id] = item.join(whole.items.get(obligation_id))
        whole.fired_at = max(whole.fired_at, fired_at)
        whole.complete = whole.complete and part.complete
    return emitted


def _parse_item(message: MessageName, item: Mapping[str, Any]) -> tuple[UUID, ExpectedItem]:
    due_on, number = date.fromisoformat(item["due_on"]), int(item["overdue"])
    return UUID(item["obligation_id"]), ExpectedItem(due_on, number, frozenset({message}))
