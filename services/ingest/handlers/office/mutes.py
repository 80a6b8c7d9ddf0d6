"""Mutes (静默): an office silences the reminders of a unit, a task or a rule for a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.office.rules import get_book
from services.ingest.store import mutes as store
from services.ingest.store import obligations, offices, units
from services.ingest.store.mutes import MuteFilter, PublishedMeasure, StoredMute
from shared.rules.selecting import is_within_task
from shared.schemas.office_events import MuteRecorded

_LONGEST = timedelta(days=366)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewMute:
    """A mute to record: what it silences (all that is given must be met), and for how long.

    Attributes:
        task: a number in a plan: of a task (all its measures) or of one measure.
        first: the first day; None: from now on.
        last: the last day; None where `until` is given.
        until: the instant at which it ends, in place of `last`; without an offset: the office's.
    """

    unit_id: UUID | None
    plan_id: UUID | None
    task: str | None
    rule_id: str | None
    first: date | None
    last: date | None
    until: datetime | None
    reason: str


async def add_mute(db: AsyncConnection, act: Act, new: NewMute) -> StoredMute:
    """Record a mute. It holds for slots after now.

    Raises:
        RefusedError: it names nothing, or something that is not there; its time is wrong.
    """
    await offices.lock_office(db, act.office_id)
    book = await get_book(db, act.office_id)
    await _require_known(db, act, new, [rule.rule_id for rule in book.rules])
    since, until = _find_span(act, new, ZoneInfo(book.timezone))
    measures = await _find_measures(db, act, new)
    mute_id = uuid4()
    await store.add_mute(
        db,
        {
            "mute_id": mute_id,
            "office_id": act.office_id,
            "unit_id": new.unit_id,
            "plan_id": measures[0].plan_id if measures else None,
            "task": new.task,
            "measure_ids": [each.measure_id for each in measures] if new.task else None,
            "rule_id": new.rule_id,
            "since": since,
            "until": until,
            "reason": new.reason,
            "muted_at": act.now,
            "muted_by": act.actor,
        },
    )
    return await _tell(db, act, mute_id, 1)


async def _require_known(
    db: AsyncConnection, act: Act, new: NewMute, rule_ids: Sequence[str]
) -> None:
    """Make sure that a mute names something, and that its unit and its rule exist.

    Raises:
        RefusedError: it does not.
    """
    if new.unit_id is None and new.task is None and new.rule_id is None:
        raise RefusedError(
            Fault.INVALID,
            "没有写明静默什么。It names nothing to mute.",
            "请指定单位、任务或规则（`unit_id`、`task`、`rule_id`）。"
            "Name a unit, a task or a rule (`unit_id`, `task`, `rule_id`).",
        )
    if new.unit_id is not None:
        await _require_unit(db, act, new.unit_id)
    if new.rule_id and new.rule_id not in rule_ids:
        raise RefusedError(
            Fault.NOT_FOUND,
            f"现行规则中没有 {new.rule_id}。The rule book in force has no rule {new.rule_id}.",
            f"可以写：{'、'.join(rule_ids)}。There are: {', '.join(rule_ids)}.",
        )


async def _require_unit(db: AsyncConnection, act: Act, unit_id: UUID) -> None:
    if await units.find_unit(db, act.office_id, unit_id) is None:
        raise RefusedError(Fault.NOT_FOUND, "没有这个单位。There is no such unit.")


def _find_span(act: Act, new: NewMute, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first instant of a mute and the one at which it ends.

    Raises:
        RefusedError: it ends before it begins, or lies in the past, or lasts too long.
    """
    since = max(act.now, _find_midnight(new.first, zone)) if new.first else act.now
    if new.until is not None:
        until = new.until if new.until.tzinfo else new.until.replace(tzinfo=zone)
    elif new.last is not None:
        until = _find_midnight(new.last + _DAY, zone)
    else:
        raise RefusedError(
            Fault.INVALID,
            "没有写明静默到何时。It does not say until when.",
            "请写截止日期（`until`）。Give the last day (`until`).",
        )
    if until <= since:
        raise RefusedError(
            Fault.INVALID,
            "截止时间早于起始时间或现在。It ends before it begins, or before now.",
            "请改写截止日期（`until`）。Give a later last day (`until`).",
        )
    if until - since > _LONGEST:
        raise RefusedError(
            Fault.INVALID,
            "静默最长一年。A mute lasts a year at most.",
            "请写更早的截止日期（`until`）。Give an earlier last day (`until`).",
        )
    return since, until


def _find_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)


async def _find_measures(db: AsyncConnection, act: Act, new: NewMute) -> Sequence[PublishedMeasure]:
    """The measures of the muted task; none when no task is muted.

    Raises:
        RefusedError: no published plan has the number, or several have.
    """
    if new.task is None:
        return ()
    measures = await store.list_published_measures(db, act.office_id, new.plan_id)
    named = [each for each in measures if is_within_task(each.ref, new.task)]
    plans = {each.plan_id: each.title or "未命名" for each in named}
    if not named:
        raise RefusedError(
            Fault.NOT_FOUND,
            f"已发布的任务表中没有序号 {new.task}。No published plan has the number {new.task}.",
            "请核对序号（`task`），如 16 或 16.2。Check the number (`task`), such as 16 or 16.2.",
        )
    if len(plans) > 1:
        raise RefusedError(
            Fault.CONFLICT,
            f"几份任务表都有序号 {new.task}：{'、'.join(plans.values())}。"
            f"Several plans have the number {new.task}.",
            "请指定任务表（`plan_id`；`GET /v1/plans`）。Name the plan (`plan_id`).",
        )
    return named


async def end_mute(db: AsyncConnection, act: Act, mute_id: UUID, reason: str) -> StoredMute:
    """End a mute early: later slots are reminded of again.

    Raises:
        RefusedError: there is no such mute, or it has ended already.
    """
    await offices.lock_office(db, act.office_id)
    mute = await store.find_mute(db, act.office_id, mute_id)
    if mute is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有这条静默。There is no such mute.",
            "请查看列表（`GET /v1/mutes`）。Look at the list (`GET /v1/mutes`).",
        )
    if mute.ended_at is not None or mute.until <= act.now:
        raise RefusedError(
            Fault.CONFLICT,
            "这条静默已经结束。This mute has ended already.",
            "请查看列表（`GET /v1/mutes`）。Look at the list (`GET /v1/mutes`).",
        )
    values = {"ended_at": act.now, "ended_by": act.actor, "ended_why": reason}
    await store.end_mute(db, mute_id, values)
    return await _tell(db, act, mute_id, 2)


async def _tell(db: AsyncConnection, act: Act, mute_id: UUID, number: int) -> StoredMute:
    """Publish and journal a mute as it now is."""
    mute = await store.find_mute(db, act.office_id, mute_id)
    assert mute is not None  # noqa: S101 - this transaction wrote it
    event = MuteRecorded(office_id=act.office_id, number=number, mute=mute.to_mute())
    await tell(db, act, event, mute_id, number)
    action = "mute.recorded" if number == 1 else "mute.ended"
    names = ("unit", "plan", "task", "rule_id", "since", "until", "reason", "ended_why")
    after = {name: str(value) for name in names if (value := getattr(mute, name)) is not None}
    await note(db, act, action, mute_id, after=after)
    return mute


@dataclass(frozen=True, slots=True)
class MutesOf:
    """Which mutes to list: those that have not ended, those that can silence something."""

    current: bool
    unit_id: UUID | None
    obligation_id: UUID | None


async def list_mutes(
    db: AsyncConnection,
    act: Act,
    wanted: MutesOf,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[StoredMute]:
    """The office's mutes, the newest first.

    Raises:
        RefusedError: the unit or the obligation is none of the office's.
    """
    unit_id, measure_id = wanted.unit_id, None
    if unit_id is not None:
        await _require_unit(db, act, unit_id)
    if wanted.obligation_id is not None:
        if await obligations.find_unit_id(db, act.office_id, wanted.obligation_id) is None:
            raise RefusedError(Fault.NOT_FOUND, "没有这一责任事项。There is no such obligation.")
        entry = await obligations.get_entry(db, wanted.obligation_id)
        unit_id, measure_id = entry.unit_id, entry.measure_id
    lasting_at = act.now if wanted.current else None
    chosen = MuteFilter(lasting_at, None, unit_id, measure_id)
    return await store.list_mutes(db, act.office_id, chosen, before, limit)
