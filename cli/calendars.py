"""`cuiban calendars`: years of the office's working days, and the State's notices of holidays."""

from collections import defaultdict
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.client import Api, connect, read_file
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import N_, _, get_language
from deploy.terminal.tables import show_table
from shared.api.calendars import (
    CalendarDayOut,
    CalendarDraftOut,
    CalendarMovesOut,
    CalendarYearOut,
    OwnDaysOut,
    SlotMoveOut,
)
from shared.api.offices import CalendarOut, OfficeOut
from shared.api.problems import choose_part

calendars = typer.Typer(no_args_is_help=True)
_DRAFT = "/v1/calendars/draft"
_SHOWN = 50
"""How many moves a table shows; `--json` lists up to 1000."""
_STATES = {
    "known": N_("the holidays are known"),
    "partly-known": N_(
        "only some days are published, which is not a whole year's notice; on other days Monday to "
        "Friday count as worked"
    ),
    "unknown": N_("the holidays are not known yet; Monday to Friday count as worked"),
}
_REASONS = {
    "holiday": N_("day off"),
    "make-up": N_("make-up working day"),
    "own-off": N_("the office's own day off"),
    "own-workday": N_("the office's own working day"),
}
_WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
_MARKS = {"workday": " ·", "weekend": " -", "holiday": "休", "make-up": "班"}
_MARKS |= {"own-off": "休", "own-workday": "班"}


_MOST_DAYS = 366


class OwnDay(StrEnum):
    """What the office decides about a day."""

    OFF = "off"
    WORK = "work"
    NONE = "none"


_WORKS = {OwnDay.OFF: False, OwnDay.WORK: True, OwnDay.NONE: None}


@calendars.callback()
def _describe() -> None:
    """Working days: show a year, import the State's notice of holidays, publish it."""


@calendars.command("show")
def show_year(
    year: Annotated[int, typer.Argument(min=2000, max=2199)],
    draft: Annotated[
        bool, typer.Option("--draft", help="As the imported notice would make it.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show a year day by day: what is worked, what is off, and why."""
    api = connect(state)
    if not draft:
        shown = CalendarYearOut.model_validate(api.get(f"/v1/calendars/{year}"))
    else:
        waiting = CalendarDraftOut.model_validate(api.get(_DRAFT))
        if waiting.year != year:
            message = _("The imported notice is of {year}.").format(year=waiting.year)
            raise WrongUseError(message, _("Show that year, or import another notice."))
        shown = waiting.shown
    show_answer(shown, as_json, _show_year)
    if not as_json:
        _warn_of_unknown_year(api)


def _warn_of_unknown_year(api: Api) -> None:
    """Say which year's holidays should be known by now and are not."""
    office = OfficeOut.model_validate(api.get("/v1/office"))
    if office.unknown_year:
        message = _(
            "The holidays of {year} are not known yet. When the State Council has published its "
            "notice, import it: `cuiban calendars import FILE`."
        )
        say(message.format(year=office.unknown_year), "yellow")


@calendars.command("set")
def set_own_days(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"])],
    becomes: Annotated[OwnDay, typer.Argument(help="off, work, or none to remove an own day.")],
    last: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last of several days.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what moves and change nothing.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Set or remove the office's own days off and working days; reminders are planned again."""
    length = ((last or day) - day).days + 1
    if not 0 < length <= _MOST_DAYS:
        message = _("The last day is before the first, or more than a year behind it.")
        raise WrongUseError(message, _("Give two days of one year."))
    days = {str(day.date() + timedelta(days=n)): _WORKS[becomes] for n in range(length)}
    answer = connect(state).post("/v1/calendars/own-days", {"days": days, "preview": preview})
    show_answer(OwnDaysOut.model_validate(answer), as_json, _show_own_days)


def _show_own_days(done: OwnDaysOut) -> None:
    say(_("Days that change: {days}").format(days=", ".join(map(str, done.changed)) or "-"))
    _show_moves(done)
    if done.number is None:
        say(_("Nothing was kept."))
    else:
        say(_("Published as calendar {number}.").format(number=done.number), "green")


@calendars.command("import")
def import_notice(
    file: Annotated[Path, typer.Argument(help="The notice as text or JSON.")],
    year: Annotated[
        int | None, typer.Option(help="Its year, where the text does not say it.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it and keep nothing.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Read a year's notice of holidays: what it says, what is doubtful, which reminders move.

    It is kept as a draft for `cuiban calendars publish`. Exit status 1 when something is doubtful.
    """
    body = {"text": _read_text(file), "year": year, "preview": preview}
    draft = CalendarDraftOut.model_validate(connect(state).post(_DRAFT, body))
    show_answer(draft, as_json, _show_draft)
    if draft.doubts:
        raise typer.Exit(NO)


@calendars.command("publish")
def publish_draft(
    accept_doubts: Annotated[
        bool, typer.Option("--accept-doubts", help="Publish it although something is doubtful.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Publish the imported notice with the office's other days; reminders are planned again."""
    api = connect(state)
    draft = CalendarDraftOut.model_validate(api.get(_DRAFT))
    body = {"draft_id": str(draft.draft_id), "accept_doubts": accept_doubts}
    done = CalendarOut.model_validate(api.post(f"{_DRAFT}/publish", body))
    show_answer(done, as_json, lambda each: _show_published(each, draft))


@calendars.command("discard")
def discard_draft(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Forget the imported notice; the calendar in force stays."""
    connect(state).delete(_DRAFT)
    show_answer({"discarded": True}, as_json, _show_discarded)


def _show_discarded(_answer: object) -> None:
    say(_("The imported notice was discarded."))


def _read_text(file: Path) -> str:
    """A text in UTF-8 or, as Windows writes it, GB18030."""
    content = read_file(file)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise WrongUseError(
        _("{file} is no text.").format(file=file), _("Save the notice as plain text in UTF-8.")
    )


def _show_year(shown: CalendarYearOut) -> None:
    line = _("{year}: {state}; {count} working days.")
    state = _(_STATES[shown.state])
    style = "" if shown.state == "known" else "yellow"
    say(line.format(year=shown.year, state=state, count=shown.working_days), style)
    months: dict[int, list[CalendarDayOut]] = defaultdict(list)
    for day in shown.days:
        months[day.day.month].append(day)
    say("    " + "".join(f"{number:>3}" for number in range(1, 32)))
    for month, days in months.items():
        say(f"{month:>3} " + "".join(f" {_MARKS[day.reason]}" for day in days))
    say(_("· worked, - weekend, 休 off, 班 make-up working day"))
    special = [day for day in shown.days if day.reason in _REASONS]
    if special:
        headings = (_("day"), _("weekday"), _("what"), _("festival"), _("published by"))
        show_table(headings, [_make_day_row(day) for day in special])


def _make_day_row(day: CalendarDayOut) -> tuple[str, ...]:
    source = _("the office") if day.own else _("the State Council")
    weekday = _(_WEEKDAYS[day.weekday - 1])
    return day.day.isoformat(), weekday, _(_REASONS[day.reason]), day.name, source


def _show_draft(draft: CalendarDraftOut) -> None:
    _show_year(draft.shown)
    for doubt in draft.doubts:
        message = choose_part(doubt.message, get_language())
        say(_("line {line}: {message}").format(line=doubt.line, message=message), "yellow")
        say(f"    {choose_part(doubt.hint, get_language())}")
    _show_moves(draft)
    if draft.draft_id is None:
        say(_("Nothing was kept."))
    elif draft.doubts:
        message = _("{count} doubts: correct the text, or publish with --accept-doubts.")
        say(message.format(count=len(draft.doubts)), "yellow")
    else:
        say(_("Publish it with `cuiban calendars publish`."), "green")


def _show_moves(draft: CalendarMovesOut) -> None:
    if not draft.moving:
        say(_("No reminder moves until {until}.").format(until=draft.until))
        return
    message = _("Reminders that move until {until}: {moving}")
    say(message.format(until=draft.until, moving=draft.moving))
    headings = (_("rule"), _("from"), _("to"), _("units"), _("items"))
    zone = ZoneInfo(draft.timezone)
    show_table(headings, [_make_move_row(move, zone) for move in draft.moves[:_SHOWN]])
    if (rest := draft.moving - _SHOWN) > 0:
        say(_("{rest} more: see --json.").format(rest=rest))


def _make_move_row(move: SlotMoveOut, zone: ZoneInfo) -> tuple[str, ...]:
    def write(slot: datetime | None, missing: str) -> str:
        return f"{slot.astimezone(zone):%Y-%m-%d %H:%M}" if slot else missing

    before, after = write(move.before, _("(new)")), write(move.after, _("(dropped)"))
    return move.rule_id, before, after, str(move.units), str(move.obligations)


def _show_published(calendar: CalendarOut, draft: CalendarDraftOut) -> None:
    message = _("{year} is published as calendar {number}; {moving} reminders move.")
    number = calendar.number
    say(message.format(year=draft.year, number=number, moving=draft.moving), "green")
