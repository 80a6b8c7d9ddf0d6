"""规则 → 日历: what is known of each year, a year day by day, and the office's own days."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from services.console.client import ApiError, fetch_together
from services.console.pages.calendar_moves import describe_moves
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.calendars import CalendarDayOut, CalendarDraftOut, CalendarYearOut, OwnDaysOut
from shared.api.offices import CalendarOut

ROUTER = APIRouter()
_VERSIONS = 10
_NOT_FOUND, _INVALID = 404, 422
_MOST_DAYS = 62
_MONDAY = date(2024, 1, 1)
"""A Monday: weekdays are named by a date."""
_DAY = timedelta(days=1)
_REASONS = {
    "holiday": N_("休息"),
    "make-up": N_("调休上班"),
    "own-off": N_("本办公室自定休息"),
    "own-workday": N_("本办公室自定上班"),
}
_CHOICES = {"off": N_("休息"), "work": N_("上班"), "remove": N_("取消自定")}
_WORKS = {"off": False, "work": True, "remove": None}
_OWN_DAYS = "/v1/calendars/own-days"


@ROUTER.get("/rules/calendar")
async def show_calendar(visit: SignedIn) -> Response:
    """What is known of this year and the next, the notice that waits, and the own days."""
    visit.require("read-drafts")
    return await _render_calendar(visit, Form.begin(works="off"))


async def _render_calendar(visit: Visit, form: Form, status: int = 200) -> Response:
    year = visit.person.today.year
    this, following, versions, draft = await fetch_together(
        visit.api.get(CalendarYearOut, f"/v1/calendars/{year}"),
        visit.api.get(CalendarYearOut, f"/v1/calendars/{year + 1}"),
        visit.api.list_page(CalendarOut, "/v1/calendars", limit=_VERSIONS),
        find_draft(visit),
    )
    present = next(iter(versions.items), None)
    own = {d: w for d, w in present.days.items() if d not in present.names} if present else {}
    return visit.render(
        "rules/calendar.html",
        status,
        years=[this, following],
        draft=draft,
        own=sorted(own.items()),
        versions=versions.items,
        form=form,
        choices=[(name, visit.gettext(_CHOICES[name])) for name in ("off", "work")],
    )


async def find_draft(visit: Visit) -> CalendarDraftOut | None:
    """The notice that waits to be published, without the reminders that it moves."""
    try:
        return await visit.api.get(CalendarDraftOut, "/v1/calendars/draft", compare="false")
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


@ROUTER.get("/rules/calendar/own-days")
async def preview_own_days(
    visit: SignedIn,
    first: str = "",
    last: str = "",
    works: str = "off",
    part: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """What setting or removing own days would do; nothing changes."""
    visit.require("publish-rules")
    form = Form.begin(first=first, last=last, works=works)
    return await _render_own_days(visit, form, part)


@ROUTER.post("/rules/calendar/own-days")
async def publish_own_days(visit: SignedIn, form: Posted) -> Response:
    """Set or remove own days, and publish the calendar."""
    visit.require("publish-rules")
    days = list_days(form)
    if not days:
        return await _render_own_days(visit, form, 1)
    try:
        done = await visit.api.post(OwnDaysOut, _OWN_DAYS, {"days": days}, form.key)
    except ApiError as error:
        return await _render_own_days(visit, form.refuse(visit, error), 1)
    forget_person(visit)
    text = N_("已发布日历第 %(number)s 版，%(moving)s 个提醒时点变动，正在重新排程。")
    notice = visit.gettext(text, number=done.number, moving=done.moving)
    return visit.redirect("/rules/calendar", notice)


def list_days(form: Form) -> dict[str, bool | None]:
    """The days from the first to the last with what they become; none where they make no sense."""
    try:
        first = date.fromisoformat(form["first"])
        last = date.fromisoformat(form["last"]) if form["last"] else first
    except ValueError:
        return {}
    length = (last - first).days + 1
    if form["works"] not in _WORKS or not 0 < length <= _MOST_DAYS:
        return {}
    works = _WORKS[form["works"]]
    return {(first + number * _DAY).isoformat(): works for number in range(length)}


async def _render_own_days(visit: Visit, form: Form, part: int) -> Response:
    """What the days of a form would change; the form again where they make no sense."""
    days = list_days(form)
    if not days:
        text = N_("请填写日期，截止不早于起始，最多 %(most)s 天。")
        marked = form.mark(first=visit.gettext(text, most=_MOST_DAYS))
        return await _render_calendar(visit, marked, _INVALID)
    preview = await visit.api.post(OwnDaysOut, _OWN_DAYS, {"days": days, "preview": True})
    here = {name: form[name] for name in ("first", "last", "works")}
    return visit.render(
        "rules/own_days.html",
        form.problem.status if form.problem else 200,
        form=form,
        days=[date.fromisoformat(day) for day in days],
        choice=visit.gettext(_CHOICES[form["works"]]),
        preview=preview,
        moves=await describe_moves(visit, preview, part, "/rules/calendar/own-days", here),
    )


def forget_person(visit: Visit) -> None:
    """Ask the API again for what every page shows: the calendar has just changed."""
    visit.context.people.drop(visit.cookies.get_token())


@ROUTER.get("/rules/calendar/{year}")
async def show_year(visit: SignedIn, year: Annotated[int, Path(ge=2000, le=2199)]) -> Response:
    """A year of the office's calendar, month by month, to check against the weekdays."""
    visit.require("read-drafts")
    shown = await visit.api.get(CalendarYearOut, f"/v1/calendars/{year}")
    return visit.render("rules/year.html", **describe_year(visit, shown))


def describe_year(visit: Visit, shown: CalendarYearOut) -> dict[str, Any]:
    """What `rules/months.html` shows of a year."""
    return {
        "shown": shown,
        "months": [list_weeks(shown, month) for month in range(1, 13)],
        "special": [day for day in shown.days if day.reason in _REASONS],
        "reasons": {name: visit.gettext(text) for name, text in _REASONS.items()},
        "weekdays": [visit.words.name_weekday(_MONDAY + day * _DAY) for day in range(7)],
    }


def list_weeks(shown: CalendarYearOut, month: int) -> list[list[CalendarDayOut | None]]:
    """The weeks of a month from Monday to Sunday; None for days of the months beside it."""
    days: list[CalendarDayOut | None] = [day for day in shown.days if day.day.month == month]
    first = date(shown.year, month, 1).weekday()
    cells = [*[None] * first, *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]
