"""What a retired unit has open passes to its successor."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.extensions import carry_extension
from services.ingest.handlers.ledger.hearings import carry_hearings
from services.ingest.handlers.ledger.locking import lock_obligation
from services.ingest.handlers.ledger.withdrawing import assign_to, end_obligation
from services.ingest.handlers.plans.membership import Member
from services.ingest.store import membership

_MERGED = "merged"


async def move_to_successors(
    db: AsyncConnection, act: Act, plan_id: UUID, handovers: Sequence[Member], reason: str
) -> None:
    """Let successors owe what retired units have open, with its date; both histories say so.

    What is newly owed keeps the hearings that were held, and the later date that is asked for. An
    objection ends: the successor may object itself.
    """
    by_unit = {member.unit_id: member for member in handovers}
    pairs = {(measure, each.unit_id) for each in handovers for measure in each.measure_ids}
    live = await membership.list_open(db, act.office_id, plan_id, pairs, with_by_hand=True)
    for each in live:
        member = by_unit[each.unit_id]
        assert member.successor_id is not None  # noqa: S101 - each handover has one
        locked = await lock_obligation(db, act, each.obligation_id)
        taken = f"承接{member.unit}：{reason}"
        taken_id = await assign_to(db, act, locked, member.successor_id, taken)
        if taken_id is not None:
            await carry_hearings(db, act, each.obligation_id, taken_id)
            await carry_extension(db, act, each.obligation_id, taken_id)
        handed = f"移交{member.successor}：{reason}"
        await end_obligation(db, act, locked, handed, reason=_MERGED)
