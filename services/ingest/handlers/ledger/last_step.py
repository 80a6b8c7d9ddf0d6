"""The last step of an obligation's life, and whether who acts may take it back now."""

from datetime import datetime, time

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.answers import Obstacle, find_last_step, find_obstacle
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.domain.timeline import NotedChange, name_change
from services.ingest.domain.transitions import Party
from services.ingest.domain.words import name_actions
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.locking import LockedObligation
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.store import timeline


async def find_answer(
    db: AsyncConnection, act: Act, locked: LockedObligation
) -> NotedChange | None:
    """The last answer about an obligation, where the actor may take it back now; else None."""
    step = await find_step(db, act, locked)
    return step if await _find_obstacle(db, act, locked, step) is None else None


async def require_answer(db: AsyncConnection, act: Act, locked: LockedObligation) -> NotedChange:
    """The last answer about an obligation.

    Raises:
        RefusedError: the actor can't take it back.
    """
    step = await find_step(db, act, locked)
    obstacle = await _find_obstacle(db, act, locked, step)
    if step is None or obstacle is not None:
        raise _make_refusal(locked, step, obstacle or Obstacle.NO_STEP)
    return step


async def find_step(db: AsyncConnection, act: Act, locked: LockedObligation) -> NotedChange | None:
    """The last step that was not undone; None where there is none."""
    entries = await timeline.list_journal(db, act.office_id, locked.entry.obligation_id, ())
    return find_last_step(
        NotedChange(each.at, each.actor, each.action, each.before, each.after)
        for each in reversed(entries)
    )


async def _find_obstacle(
    db: AsyncConnection, act: Act, locked: LockedObligation, step: NotedChange | None
) -> Obstacle | None:
    zone = await get_office_zone(db, act.office_id)
    day_began = datetime.combine(locked.day.today, time(), zone)
    return find_obstacle(step, locked.situation, locked.who, day_began)


def _make_refusal(
    locked: LockedObligation, step: NotedChange | None, obstacle: Obstacle
) -> RefusedError:
    allowed = locked.allowed
    chinese, english = "没有填报", "there is no answer"
    if step is not None:
        chinese, english = _describe_obstacle(locked, step, obstacle)
    return RefusedError(
        Fault.CONFLICT,
        f"不能撤回：{chinese}。Nothing can be taken back: {english}.",
        f"现在可以：{name_actions(allowed)}。Possible now: {', '.join(allowed) or 'nothing'}.",
        allowed=allowed,
    )


def _describe_obstacle(
    locked: LockedObligation, step: NotedChange, obstacle: Obstacle
) -> tuple[str, str]:
    """Why the last step can't be taken back: in Chinese, and in English."""
    chinese = f"最近一步“{name_change(step.action)}”"
    english = f"the last step “{step.action.rpartition('.')[2]}”"
    match obstacle:
        case Obstacle.OTHER_PARTY if locked.who is Party.UNIT:
            return f"{chinese}由办公室作出", f"{english} is the office's"
        case Obstacle.OTHER_PARTY:
            return f"{chinese}由单位作出，只能由单位撤回", f"{english} is the unit's own"
        case Obstacle.LEADING:
            return f"{chinese}由牵头单位统一报送", f"{english} is the leading unit's"
        case Obstacle.EARLIER_DAY:
            return f"{chinese}只能在当日撤回", f"{english} is of an earlier day"
        case Obstacle.OVERTAKEN:
            return f"{chinese}之后该事项又有变动", f"the obligation changed since {english}"
        case _:
            return f"{chinese}不是填报", f"{english} is no answer"
