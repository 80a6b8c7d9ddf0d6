"""Joint duties: whether the leading unit (牵头单位) reports for all, or each unit for itself.

The measure says it, else its plan, else the office's settings. Where the leading unit reports,
exactly one unit must lead; with none or several of them each reports for itself.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.reporting_policy import ReportingPolicy
from services.ingest.store import life
from services.ingest.store.ledger_rows import LedgerEntry
from services.ingest.store.life import JointObligation
from shared.schemas.life import Joint, ObligationStatus
from shared.schemas.rules import ObligationKind


@dataclass(frozen=True, slots=True)
class JointDuty:
    """A duty for which one unit reports: the obligation of that unit, and those that follow."""

    leading: JointObligation
    following: tuple[JointObligation, ...] = ()


def get_joint(entry: LedgerEntry, policy: ReportingPolicy) -> Joint:
    """Who reports: as the measure says, else its plan, else the office."""
    return entry.measure_joint or entry.plan_joint or policy.joint


async def find_joint(
    db: AsyncConnection, entry: LedgerEntry, policy: ReportingPolicy
) -> JointDuty | None:
    """The joint duty that an obligation is part of; None where its unit reports for itself.

    `following` is filled for the leading unit alone.
    """
    if get_joint(entry, policy) is Joint.EACH or entry.kind is ObligationKind.HEARING:
        return None
    place = (entry.plan_id, entry.measure_id, entry.period)
    leading = await life.list_joint(db, *place, lead=True)
    if len(leading) != 1:
        return None
    is_leading = leading[0].obligation_id == entry.obligation_id
    done = ObligationStatus.DONE
    if leading[0].status is done and entry.status is not done:
        return None  # it was assigned or returned after the leading unit had reported
    following = await life.list_joint(db, *place, lead=False) if is_leading else []
    return JointDuty(leading[0], tuple(following))


def list_units(duty: JointDuty | None, unit_id: UUID) -> list[UUID]:
    """The units that a command of one of them locks, in order."""
    following = duty.following if duty is not None else ()
    return sorted({unit_id, *(each.unit_id for each in following)})
