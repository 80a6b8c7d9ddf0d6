"""What a retired unit has open passes to its successor."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.extensions import carry_extension
from services.ingest.handlers.ledger.hearings import carry_hearings
from services.ingest.handlers.ledger.locking import LockedObligation, lock_obligation
from services.ingest.handlers.ledger.reporting import carry_report
from services.ingest.handlers.ledger.withdrawing import assign_to, end_obligation
from services.ingest.handlers.plans.membership import Member
from services.ingest.store import membership
from shared.schemas.life import ObligationStatus

_MERGED = "merged"


async def move_to_successors(
    db: AsyncConnection, act: Act, plan_id: UUID, handovers: Sequence[Member], reason: str
) -> None:
    """Let successors owe what retired units have open, with its date; both histories say so.

    What is newly owed keeps the hearings that were held, the later date that is asked for, and a
    report that waits for its review. An objection ends: the successor may object itself.

    Raises:
        RefusedError: a report waits for its review, and the successor owes the same duty for
            itself, so that it can't take the report over.
    """
    by_unit = {member.unit_id: member for member in handovers}
    pairs = {(measure, each.unit_id) for each in handovers for measure in each.measure_ids}
    live = await membership.list_open(db, act.office_id, plan_id, pairs, with_by_hand=True)
    unreviewed: list[LockedObligation] = []
    for each in live:
        member = by_unit[each.unit_id]
        assert member.successor_id is not None  # noqa: S101 - each handover has one
        locked = await lock_obligation(db, act, each.obligation_id)
        taken = f"承接{member.unit}：{reason}"
        taken_id = await assign_to(db, act, locked, member.successor_id, taken)
        if taken_id is not None:
            await carry_hearings(db, act, each.obligation_id, taken_id)
            await carry_extension(db, act, each.obligation_id, taken_id)
        other_id = taken_id or _find_follower(locked, member.successor_id)
        if locked.situation.status is ObligationStatus.SUBMITTED:
            if other_id is not None:
                await carry_report(db, act, locked, other_id, taken)
            elif not locked.situation.follows:
                unreviewed.append(locked)
        handed = f"移交{member.successor}：{reason}"
        await end_obligation(db, act, locked, handed, reason=_MERGED, ends_report=False)
    if unreviewed:
        raise _make_unreviewed(unreviewed)


def _find_follower(locked: LockedObligation, successor_id: UUID) -> UUID | None:
    """The obligation of a successor for which the retired unit reported, as the leading unit."""
    of_successor = (each for each in locked.following if each.unit_id == successor_id)
    return next((each.obligation_id for each in of_successor), None)


def _make_unreviewed(unreviewed: Sequence[LockedObligation]) -> RefusedError:
    named = list(dict.fromkeys(f"{each.entry.unit} {each.entry.ref}" for each in unreviewed))
    return RefusedError(
        Fault.CONFLICT,
        f"有报办结尚未审核，而承接单位自己也承担这些任务：{'、'.join(named)}。"
        f"Reports wait for their review, and the successor owes these duties itself: "
        f"{', '.join(named)}.",
        "请先审核这些报办结（确认办结或退回），再移交。"
        "Review these reports first (complete or return them), then hand over.",
        [
            {
                "where": f"{each.entry.unit} {each.entry.ref}",
                "message": f"报办结待审核。A report waits for its review "
                f"(`GET /v1/obligations/{each.entry.obligation_id}`).",
            }
            for each in unreviewed
        ],
    )
