"""`cuiban rules forecast`: what a rule book does in a period, beside the book in force."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import connect, read_file
from cli.ledger import CHANNELS
from cli.periods import FirstDay, LastDay
from cli.rule_books import find_draft
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _, get_language
from deploy.terminal.tables import show_table
from shared.api.forecast import ForecastOut
from shared.api.problems import choose_part
from shared.errors import CuibanError
from shared.rules.reading import read_book

_NAMED = 10
"""How many silent units are named; `--json` has all."""
_REASONS = {
    "no-address": N_("no address"),
    "no-contact": N_("nobody holds the post"),
    "channel-off": N_("channel switched off"),
    "past-usefulness": N_("too late to be useful"),
    "earlier-channel": N_("sent on an earlier channel"),
}


def forecast_rules(
    first: FirstDay,
    last: LastDay,
    book: Annotated[
        str | None,
        typer.Argument(
            metavar="[DRAFT|FILE]",
            help="A draft (the beginning of its id, or `latest`), or a rule book as YAML or JSON; "
            "by default the rule book in force.",
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(min=0, help="How many reminders --json lists; totals are always complete."),
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Forecast what a rule book does in a period of up to two years, beside the book in force.

    Days that are past are forecast as the ledger's history has them. Nothing is changed.
    """
    if last < first:
        raise WrongUseError(_("--to lies before --from."), _("Give the earlier day as --from."))
    body: dict[str, Any] = {"from": first.date().isoformat(), "to": last.date().isoformat()}
    if most is not None or not as_json:
        body["most"] = most or 0
    if book is not None and _is_file(book):
        body["text"] = _read_text(Path(book))
    api = connect(state)
    try:
        if book is not None and "text" not in body:
            body["text"] = api.get(f"/v1/rule-drafts/{find_draft(api, book)}")["text"]
        forecast = ForecastOut.model_validate(api.post("/v1/rule-books/forecast", body))
    finally:
        api.close()
    show_answer(forecast, as_json, show_forecast)


def _is_file(book: str) -> bool:
    """Whether a file is meant: the id of a draft has no dot and no slash."""
    path = Path(book)
    return path.exists() or path.suffix != "" or len(path.parts) > 1


def _read_text(file: Path) -> str:
    """The text of a book that `cuiban rules check` passes.

    Raises:
        CuibanError: something is wrong in it; the first place is named.
        WrongUseError: the file can't be read.
    """
    text = read_file(file).decode("utf-8", "replace")
    if problems := read_book(text).problems:
        first = problems[0]
        line = _("{file}: line {line}, column {column}: {message}")
        message = choose_part(first.message, get_language())
        place = {"line": first.mark.line, "column": first.mark.column}
        hint = _("All that is wrong: cuiban rules check {file}")
        raise CuibanError(line.format(file=file, message=message, **place), hint.format(file=file))
    return text


def show_forecast(forecast: ForecastOut) -> None:
    """Print a forecast for people."""
    span = {"first": forecast.first, "last": forecast.last}
    if forecast.version is None:
        say(_("{first} to {last}, the given rule book:").format(**span))
    else:
        line = _("{first} to {last}, version {version} of the rules, in force:")
        say(line.format(**span, version=forecast.version))
    for line in _list_totals(forecast):
        say(line)
    days = {each.day: each for each in forecast.days}
    if forecast.busiest:
        rows = [
            (str(day), str(days[day].reminders), _write_messages(days[day].messages))
            for day in forecast.busiest
        ]
        headings = (_("day"), _("reminders"), _("messages"))
        show_table(headings, rows, title=_("Busiest days"))
    if forecast.silent:
        names = "、".join(forecast.silent_units[:_NAMED])
        rest = " …" if forecast.silent > _NAMED else ""
        line = _("{number} units owe something and would hear nothing: {names}{rest}")
        say(line.format(number=forecast.silent, names=names, rest=rest), "yellow")
    if forecast.version is None:
        line = _(
            "Compared with the rules in force: {added} reminders added, {dropped} dropped, "
            "{moved} moved, {changed} with other obligations or channels."
        )
        say(line.format_map(dict(forecast.compared)))
    for warning in forecast.warnings:
        say(choose_part(warning.message, get_language()), "yellow")


def _list_totals(forecast: ForecastOut) -> Iterator[str]:
    totals = forecast.totals
    yield _("{reminders} reminders to {units} units; messages: {messages}").format(
        reminders=totals.reminders, units=totals.units, messages=_write_messages(totals.messages)
    )
    parts = _("short messages: {parts} parts").format(parts=totals.sms_parts)
    if totals.cost is not None:
        parts += _(", {cost} yuan").format(cost=f"{totals.cost:.2f}")
    yield parts
    if totals.deferred:
        yield _("{number} messages wait for the end of quiet hours or a limit.").format(
            number=totals.deferred
        )
    for reason, number in totals.suppressed.items():
        line = _("{number} messages are never sent: {reason}")
        yield line.format(number=number, reason=_(_REASONS.get(reason, reason)))


def _write_messages(messages: dict[str, int]) -> str:
    return ", ".join(f"{_(CHANNELS.get(name, name))} {number}" for name, number in messages.items())
