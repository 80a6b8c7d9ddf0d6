"""A year's notice of holidays: imported as a draft, then published or discarded."""

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.holiday_notices.any_notice import read_notice
from services.ingest.domain.holiday_notices.notice import DoubtCode, NoticeDoubt
from services.ingest.domain.office_days import (
    UNNAMED,
    NoticeDay,
    OfficeDays,
    list_own_day_doubts,
    put_notice,
)
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.calendars import (
    find_office_days,
    publish_calendar,
    to_days,
    to_texts,
)
from services.ingest.store import calendar_drafts as store
from services.ingest.store import offices
from services.ingest.store.calendar_drafts import StoredCalendarDraft
from services.ingest.store.rows import StoredCalendar
from shared.schemas import identity


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """A notice beside the office's present calendar.

    Attributes:
        stored: as it was imported, or as it would be.
        merged: all days of the calendar that publishing it would make.
        doubts: of the notice, and of the office's own days beside it.
    """

    stored: StoredCalendarDraft
    merged: OfficeDays
    doubts: tuple[NoticeDoubt, ...]


def read_draft(act: Act, text: str, year: int | None) -> StoredCalendarDraft:
    """Read a notice from pasted text or JSON; nothing is stored.

    Raises:
        RefusedError: it names no year or no festival, or it is faulty JSON.
    """
    notice = read_notice(text, year)
    past = [_make_past_doubt(notice.year)] if notice.year < act.now.year else []
    return StoredCalendarDraft(
        draft_id=identity.derive_id("calendar-draft", act.office_id, act.correlation_id),
        year=notice.year,
        days=to_texts(notice.days),
        names=to_texts(notice.names),
        doubts=[asdict(doubt) for doubt in (*past, *notice.doubts)],
        imported_by=act.actor,
        imported_at=act.now,
    )


def _make_past_doubt(year: int) -> NoticeDoubt:
    return NoticeDoubt(
        DoubtCode.YEAR_PAST,
        1,
        f"这是 {year} 年的通知，{year} 年已经过去。The notice is of {year}, a year that is over.",
        "请粘贴新一年的通知。Paste the notice of the coming year.",
    )


async def import_draft(db: AsyncConnection, act: Act, draft: StoredCalendarDraft) -> None:
    """Store a draft in place of the office's earlier one."""
    await offices.lock_office(db, act.office_id)
    await store.put_draft(db, act.office_id, draft)
    after = {"year": draft.year, "days": draft.days, "doubts": len(draft.doubts)}
    await note(db, act, "calendar.imported", draft.draft_id, after=after)


async def get_draft(db: AsyncConnection, act: Act) -> StoredCalendarDraft:
    """The office's draft.

    Raises:
        RefusedError: it has none.
    """
    draft = await store.find_draft(db, act.office_id)
    if draft is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "没有待发布的放假安排。No notice of holidays waits to be published.",
            "请先导入通知。Import a notice first.",
        )
    return draft


async def compare_draft(db: AsyncConnection, act: Act, draft: StoredCalendarDraft) -> CalendarDraft:
    """A draft beside the office's calendar in force."""
    present = await find_office_days(db, act.office_id)
    notice = {
        day: NoticeDay(works, draft.names.get(day.isoformat()) or UNNAMED)
        for day, works in to_days(draft.days).items()
    }
    merged = put_notice(present, draft.year, notice)
    doubts = [NoticeDoubt(**{**doubt, "code": DoubtCode(doubt["code"])}) for doubt in draft.doubts]
    return CalendarDraft(draft, merged, (*doubts, *list_own_day_doubts(merged, draft.year)))


async def publish_draft(
    db: AsyncConnection, act: Act, draft_id: UUID, *, accept_doubts: bool
) -> StoredCalendar:
    """Publish the draft as the office's next calendar. All reminders are planned again.

    Raises:
        RefusedError: there is no draft, another one was imported meanwhile, or it has doubts that
            were not accepted.
    """
    await offices.lock_office(db, act.office_id)
    stored = await get_draft(db, act)
    if stored.draft_id != draft_id:
        raise RefusedError(
            Fault.CONFLICT,
            "待发布的放假安排已被替换。Another notice was imported meanwhile.",
            "请重新查看后再发布。Look at it again, then publish.",
        )
    draft = await compare_draft(db, act, stored)
    if draft.doubts and not accept_doubts:
        raise RefusedError(
            Fault.UNCONFIRMED,
            f"还有 {len(draft.doubts)} 处存疑，未发布。"
            f"It has {len(draft.doubts)} doubts and was not published.",
            "请更正后重新导入，或确认接受存疑（`accept_doubts`）。"
            "Correct and import it again, or accept the doubts (`accept_doubts`).",
            [{"where": doubt.line, "message": doubt.message} for doubt in draft.doubts],
        )
    await store.remove_draft(db, act.office_id)
    return await publish_calendar(db, act, draft.merged)


async def discard_draft(db: AsyncConnection, act: Act) -> None:
    """Forget the draft; the calendar stays.

    Raises:
        RefusedError: there is none.
    """
    await offices.lock_office(db, act.office_id)
    draft = await get_draft(db, act)
    await store.remove_draft(db, act.office_id)
    before = {"year": draft.year, "days": draft.days}
    await note(db, act, "calendar.discarded", draft.draft_id, before=before)
