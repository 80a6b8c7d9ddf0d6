"""What becomes of a unit's reports: review, what stops reminders, joint duties.

`office_settings` shows and sets it with the other settings of the office.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.reporting_policy import PAUSABLE, ReportingPolicy, read_policy
from services.ingest.domain.words import STATUSES
from services.ingest.handlers.acting import Act
from services.ingest.store import office_settings as store


async def get_policy(db: AsyncConnection, act: Act) -> ReportingPolicy:
    """The office's settings, as decisions take them."""
    return read_policy(await store.find_reporting(db, act.office_id))


def require_pausable(policy: ReportingPolicy) -> None:
    """Make sure that reminders stop only where an office may stop them.

    Raises:
        RefusedError: reminders can't stop in a status.
    """
    if fixed := policy.quiet - PAUSABLE:
        raise RefusedError(
            Fault.INVALID,
            f"这些状态不能停止提醒：{'、'.join(STATUSES[each] for each in sorted(fixed))}。"
            f"Reminders can't be stopped in: {', '.join(sorted(fixed))}.",
            f"可选：{'、'.join(STATUSES[each] for each in sorted(PAUSABLE))}、已办结。"
            f"There are: done, {', '.join(sorted(PAUSABLE))} (`stops_reminders`).",
        )
