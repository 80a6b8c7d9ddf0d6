"""规则 → 日历: the State Council's yearly notice, pasted, checked, and published or discarded."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.pages.calendar_moves import describe_moves
from services.console.pages.calendars import describe_year, find_draft, forget_person
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from services.console.texts.languages import N_
from shared.api.calendars import CalendarDraftOut
from shared.api.offices import CalendarOut
from shared.api.problems import choose_part

ROUTER = APIRouter()
_DRAFT, _PAGE = "/v1/calendars/draft", "/rules/calendar/draft"
_INVALID = 422
_LARGEST = 200_000
_DAY = timedelta(days=1)


@dataclass(slots=True)
class ReadFestival:
    """A festival as it was read: its days off as spans of first and last, its make-up days."""

    name: str
    days_off: int = 0
    spans: list[tuple[date, date]] = field(default_factory=list)
    work: list[date] = field(default_factory=list)


@ROUTER.get("/rules/calendar/import")
async def show_import(visit: SignedIn) -> Response:
    """The field for the text of a notice."""
    visit.require("publish-rules")
    return visit.render("rules/import_notice.html", form=Form())


@ROUTER.post("/rules/calendar/import", max_body_size=_LARGEST)
async def import_notice(visit: SignedIn, form: Posted) -> Response:
    """Read a notice and keep it as the draft; nothing is published."""
    visit.require("publish-rules")
    file = await form.read_file("file")
    text = form["text"] if file is None else decode(file.content)
    if not text:
        say = N_("请粘贴通知全文，或选择文件。") if file is None else N_("文件不是文本。")
        form = form.mark(**{"text" if file is None else "file": visit.gettext(say)})
        return visit.render("rules/import_notice.html", _INVALID, form=form)
    try:
        body = {"text": text, "year": form["year"] or None}
        await visit.api.post(CalendarDraftOut, _DRAFT, body, form.key)
    except ApiError as error:
        refused = form.refuse(visit, error)
        return visit.render("rules/import_notice.html", error.status, form=refused)
    return visit.redirect(_PAGE, visit.gettext("已读入通知。发布之前什么都不会改变。"))


def decode(content: bytes) -> str:
    """A text in UTF-8 or, as Windows writes it, GB18030; empty for what is no text."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return ""


@ROUTER.get(_PAGE)
async def show_draft(visit: SignedIn, part: Annotated[int, Query(ge=1, le=1000)] = 1) -> Response:
    """How a notice was read, what is doubtful, its year, and the reminders that would move."""
    visit.require("read-drafts")
    draft = await visit.api.get(CalendarDraftOut, _DRAFT)
    return visit.render(
        "rules/notice.html",
        draft=draft,
        doubts=_list_doubts(visit, draft),
        festivals=list_festivals(draft),
        moves=await describe_moves(visit, draft, part, _PAGE, {}),
        **describe_year(visit, draft.shown),
    )


def _list_doubts(visit: Visit, draft: CalendarDraftOut) -> list[tuple[int, str, str]]:
    """The line, what is doubtful, and what to do, in the person's language."""
    language = visit.language
    return [
        (each.line, choose_part(each.message, language), choose_part(each.hint, language))
        for each in draft.doubts
    ]


def list_festivals(draft: CalendarDraftOut) -> list[ReadFestival]:
    """The festivals of a notice by their first day off, with what was read of each."""
    festivals: dict[str, ReadFestival] = {}
    for day, works in sorted(draft.days.items()):
        name = draft.names.get(day, "")
        festival = festivals.setdefault(name, ReadFestival(name))
        if works:
            festival.work.append(day)
            continue
        festival.days_off += 1
        if festival.spans and festival.spans[-1][1] + _DAY == day:
            festival.spans[-1] = festival.spans[-1][0], day
        else:
            festival.spans.append((day, day))
    return sorted(festivals.values(), key=lambda each: each.spans[:1] or [(date.max, date.max)])


@ROUTER.get(f"{_PAGE}/publish")
async def show_publication(visit: SignedIn) -> Response:
    """What publishing the notice would do, in numbers; nothing changes."""
    visit.require("publish-rules")
    return await _render_publication(visit, Form())


@ROUTER.post(f"{_PAGE}/publish")
async def publish_draft(visit: SignedIn, form: Posted) -> Response:
    """Publish the notice as it was shown."""
    visit.require("publish-rules")
    body = {"draft_id": form["draft"] or None, "accept_doubts": form["accept"] == "yes"}
    try:
        done = await visit.api.post(CalendarOut, f"{_DRAFT}/publish", body, form.key)
    except ApiError as error:
        return await _render_publication(visit, form.refuse(visit, error))
    forget_person(visit)
    text = N_("已发布日历第 %(number)s 版，正在重新排程。")
    return visit.redirect("/rules/calendar", visit.gettext(text, number=done.number))


async def _render_publication(visit: Visit, form: Form) -> Response:
    draft = await visit.api.get(CalendarDraftOut, _DRAFT)
    concerned = {name for move in draft.moves for name in move.unit_names}
    return visit.render(
        "rules/publish_notice.html",
        form.problem.status if form.problem else 200,
        draft=draft,
        doubts=_list_doubts(visit, draft),
        units=len(concerned),
        form=form,
    )


@ROUTER.get(f"{_PAGE}/discard")
async def show_discarding(visit: SignedIn) -> Response:
    """What discarding the notice means; nothing changes."""
    visit.require("publish-rules")
    draft = await find_draft(visit)
    if draft is None:
        return visit.redirect("/rules/calendar")
    say = visit.gettext
    return visit.render(
        "confirm.html",
        title=say("放弃 %(year)s 年的通知", year=draft.year),
        lines=[say("读入的 %(count)s 天不会发布，现行日历不变。", count=len(draft.days))],
        action=f"{_PAGE}/discard",
        fields={"draft": draft.draft_id},
        form=Form(),
        reason="",
        button=say("放弃"),
        danger=True,
        cancel=_PAGE,
    )


@ROUTER.post(f"{_PAGE}/discard")
async def discard_draft(visit: SignedIn, form: Posted) -> Response:
    """Forget the notice; the calendar in force stays."""
    visit.require("publish-rules")
    draft = await find_draft(visit)
    if draft is not None:
        if form["draft"] != str(draft.draft_id):
            notice = visit.gettext("通知已被重新读入，请再看一遍。")
            return visit.redirect(_PAGE, notice, "warning")
        await visit.api.delete(_DRAFT)
    return visit.redirect("/rules/calendar", visit.gettext("已放弃这份通知，现行日历不变。"))
