"""Rows of the ledger and of the reminders, as the comparison takes them. No I/O."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from services.ingest.tables import AnyRow
from shared.planning.discrepancies import Emitted
from shared.planning.expected import (
    ExpectedItem,
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    join_versions,
)
from shared.schemas.facts import Status
from shared.schemas.rules import Audience, Dates, ObligationKind

_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)


def histories_of(
    standing: Sequence[AnyRow], stood: Sequence[AnyRow]
) -> dict[UUID, dict[UUID, ObligationHistory]]:
    """Each unit's obligations, with their versions."""
    before: defaultdict[UUID, list[ObligationVersion]] = defaultdict(list)
    blind: dict[UUID, datetime] = {}
    for row in stood:
        before[row.obligation_id].append(_version(row, row.until))
        if row.since is None:
            blind[row.obligation_id] = row.until or _AFTER_ALL
    found: defaultdict[UUID, dict[UUID, ObligationHistory]] = defaultdict(dict)
    for row in standing:
        versions = join_versions([*before[row.obligation_id], _version(row, None)])
        known = blind.get(row.obligation_id, row.unknown_before) if row.since else _AFTER_ALL
        found[row.unit_id][row.obligation_id] = ObligationHistory(
            row.obligation_id, versions, known
        )
    return found


def _version(row: AnyRow, until: datetime | None) -> ObligationVersion:
    return ObligationVersion(
        Dates(ObligationKind(row.kind), row.due_on, row.known_on),
        owed=not row.withdrawn and row.status != Status.DONE.value,
        since=row.since or _BEFORE_ALL,
        until=until,
    )


def emitted_of(rows: Sequence[AnyRow]) -> Mapping[UUID, dict[ReminderKey, Emitted]]:
    """Each unit's reminders; the parts of one reminder are one."""
    found: defaultdict[UUID, dict[ReminderKey, Emitted]] = defaultdict(dict)
    for row in rows:
        key = (row.slot, Audience(row.audience))
        fired = row.fired_at or row.slot
        one = found[row.unit_id].setdefault(key, Emitted({}, fired))
        one.items.update(_item(item) for item in row.items)
        one.fired_at = max(one.fired_at, fired)
        one.complete = one.complete and row.complete
    return found


def _item(item: Mapping[str, Any]) -> tuple[UUID, ExpectedItem]:
    due_on = date.fromisoformat(item["due_on"])
    return UUID(item["obligation_id"]), ExpectedItem(due_on, int(item["overdue"]))
