"""What becomes of a unit's reports: review, what stops reminders, joint duties.

`office_settings` shows and sets it with the other settings of the office.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.reporting_policy import (
    PAUSABLE,
    ReportingPolicy,
    read_policy,
    write_policy,
)
from services.ingest.domain.words import STATUSES
from services.ingest.handlers.acting import Act, note
from services.ingest.store import life as store


async def get_policy(db: AsyncConnection, act: Act) -> ReportingPolicy:
    """The office's settings, as decisions take them."""
    _, settings = await store.find_settings(db, act.office_id)
    return read_policy(settings)


async def replace_policy(db: AsyncConnection, act: Act, policy: ReportingPolicy) -> None:
    """Replace the settings; they hold for every report from now on. The caller locks the office.

    Raises:
        RefusedError: reminders can't stop in a status.
    """
    if fixed := policy.quiet - PAUSABLE:
        raise RefusedError(
            Fault.INVALID,
            f"这些状态不能停止提醒：{'、'.join(STATUSES[each] for each in sorted(fixed))}。"
            f"Reminders can't be stopped in: {', '.join(sorted(fixed))}.",
            f"可选：{'、'.join(STATUSES[each] for each in sorted(PAUSABLE))}、已办结。"
            f"`stops_reminders` may hold done and {', '.join(sorted(PAUSABLE))}.",
        )
    present, settings = await store.find_settings(db, act.office_id)
    before, after = write_policy(read_policy(settings)), write_policy(policy)
    await store.put_settings(db, act.office_id, present + 1, after, now=act.now, actor=act.actor)
    await note(db, act, "reporting-settings.changed", act.office_id, before=before, after=after)
