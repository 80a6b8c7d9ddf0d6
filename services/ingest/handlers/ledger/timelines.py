"""Rows of the ledger and of the reminders, as the comparison takes them. No I/O."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.ingest.store.ledger_rows import CurrentState, PastState
from services.ingest.store.rows import StoredReminder
from shared.planning.difference_reasons import Emitted
from shared.planning.expected import (
    ExpectedItem,
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    join_versions,
)
from shared.planning.possible import LedgerState, ObligationLife
from shared.planning.silencing import list_concerning
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits
from shared.schemas.life import ObligationStatus
from shared.schemas.mutes import Mute

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


def build_histories(
    current: Sequence[CurrentState], past: Sequence[PastState], mutes: Sequence[Mute] = ()
) -> dict[UUID, dict[UUID, ObligationHistory]]:
    """Each unit's obligations with their versions, by unit id and obligation id.

    `mutes` are the office's.
    """
    earlier: defaultdict[UUID, list[ObligationVersion]] = defaultdict(list)
    unrecorded_until: dict[UUID, datetime] = {}
    traits = _map_traits(current)
    for state in past:
        known = traits.get(state.obligation_id)
        earlier[state.obligation_id].append(_make_version(state, known, state.until))
        if state.since is None:
            unrecorded_until[state.obligation_id] = state.until or _AFTER_ALL
    histories: defaultdict[UUID, dict[UUID, ObligationHistory]] = defaultdict(dict)
    for now in current:
        obligation_id = now.obligation_id
        versions = join_versions(
            [*earlier[obligation_id], _make_version(now, traits[obligation_id], None)]
        )
        recorded_from = unrecorded_until.get(obligation_id, now.unknown_before)
        unknown_before = recorded_from if now.since else _AFTER_ALL
        histories[now.unit_id][obligation_id] = ObligationHistory(
            obligation_id,
            versions,
            unknown_before,
            list_concerning(mutes, now.unit_id, now.measure_id),
        )
    return histories


def build_lives(
    current: Sequence[CurrentState], past: Sequence[PastState], mutes: Sequence[Mute]
) -> dict[UUID, ObligationLife]:
    """Obligations with their status in each state, by obligation id."""
    states: defaultdict[UUID, list[LedgerState]] = defaultdict(list)
    traits = _map_traits(current)
    for was in past:
        version = _make_version(was, traits.get(was.obligation_id), was.until)
        states[was.obligation_id].append(LedgerState(version, was.status, was.withdrawn))
    for now in current:
        version = _make_version(now, traits[now.obligation_id], None)
        states[now.obligation_id].append(LedgerState(version, now.status, now.withdrawn))
    return {
        obligation_id: ObligationLife(history, tuple(states[obligation_id]))
        for of_unit in build_histories(current, past, mutes).values()
        for obligation_id, history in of_unit.items()
    }


def _map_traits(current: Sequence[CurrentState]) -> dict[UUID, Traits]:
    """What conditions ask of obligations, by obligation id; for all states as they are now."""
    return {now.obligation_id: Traits(lead=now.lead, ref=now.ref) for now in current}


def _make_version(
    state: CurrentState | PastState, traits: Traits | None, until: datetime | None
) -> ObligationVersion:
    return ObligationVersion(
        Dates(state.kind, state.due_on, state.known_on, traits),
        owed=state.reminded and not state.withdrawn and state.status is not ObligationStatus.DONE,
        since=state.since or _BEFORE_ALL,
        until=until,
    )


def group_reminders(
    reminders: Sequence[StoredReminder],
) -> Mapping[UUID, dict[ReminderKey, Emitted]]:
    """Each unit's emitted reminders, by unit id; the parts of a split reminder are merged."""
    emitted: defaultdict[UUID, dict[ReminderKey, Emitted]] = defaultdict(dict)
    for part in reminders:
        fired_at = part.fired_at or part.slot
        key = (part.slot, part.audience)
        whole = emitted[part.unit_id].setdefault(key, Emitted({}, fired_at))
        whole.items.update(_parse_item(item) for item in part.items)
        whole.fired_at = max(whole.fired_at, fired_at)
        whole.complete = whole.complete and part.complete
    return emitted


def _parse_item(item: Mapping[str, Any]) -> tuple[UUID, ExpectedItem]:
    due_on = date.fromisoformat(item["due_on"])
    return UUID(item["obligation_id"]), ExpectedItem(due_on, int(item["overdue"]))
