"""`cuiban audit expected`: the reminders of some days beside what the ledger asks for."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.client import connect
from cli.periods import FirstDay, LastDay
from cli.units import AUDIENCES
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.audit import DifferenceOut, ExpectedOut

_SHOWN = 50
"""How many rows a table shows; `--json` lists up to 1000."""
_REFS = 8
"""How many items of a reminder a table names."""
_KINDS = {
    "missing": N_("missing"),
    "extra": N_("extra"),
    "items-differ": N_("items differ"),
}
_REASONS = {
    "never-fired": N_("never-fired"),
    "not-owed": N_("not-owed"),
    "fired-incomplete": N_("fired-incomplete"),
    "fact-applied-late": N_("fact-applied-late"),
    "rule-book-changed-meanwhile": N_("rule-book-changed-meanwhile"),
    "calendar-changed": N_("calendar-changed"),
    "mute-changed": N_("mute-changed"),
    "fired-late": N_("fired-late"),
    "catch-up-left-out": N_("catch-up-left-out"),
}
_UNCHECKED = {
    "not-yet-due": N_("{number} reminders are too new; they may be under way."),
    "no-firing-time": N_("{number} reminders are from a time without a recorded firing."),
    "no-history": N_("{number} obligations have no history that reaches back far enough."),
    "no-rule-book": N_("{number} obligations belong to an office without a rule book."),
    "reading-stopped": N_("{number} partitions of the reminders are stopped."),
    "records-parked": N_("{number} records of the reminders are parked."),
}


def compare_expected(
    first: FirstDay,
    last: LastDay,
    office: Annotated[
        str | None, typer.Option(help="The office's short name: is the token that office's?")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Compare the reminders of some days with what the ledger asks for.

    The expected reminders are computed anew, from ingest's ledger, rules and calendars alone. Ends
    with status 1 when something differs.
    """
    comparison = fetch_comparison(first, last, office, state)
    show_answer(comparison, as_json, show_comparison)
    if comparison.differences:
        raise typer.Exit(NO)


def fetch_comparison(
    first: datetime, last: datetime, office: str | None, state: Path
) -> ExpectedOut:
    """The comparison for some days.

    Raises:
        WrongUseError: the days are in the wrong order, or the token is another office's.
    """
    if last < first:
        raise WrongUseError(_("--to lies before --from."), _("Give the earlier day as --from."))
    api = connect(state)
    try:
        if office is not None and (own := api.get("/v1/office")["slug"]) != office:
            raise WrongUseError(
                _("The token is that of the office {own}, not of {office}.").format(
                    own=own, office=office
                ),
                _("Set CUIBAN_TOKEN to a token of {office}, or leave out --office.").format(
                    office=office
                ),
            )
        days = {"from": first.date().isoformat(), "to": last.date().isoformat()}
        return ExpectedOut.model_validate(api.get("/v1/audit/expected", **days))
    finally:
        api.close()


def show_comparison(comparison: ExpectedOut) -> None:
    """Print a comparison for people."""
    message = _(
        "{first} to {last}: expected {expected}, emitted {emitted}, differing {differing}, "
        "explained {explaining}"
    )
    say(message.format_map(dict(comparison)))
    for unchecked in comparison.not_checked:
        number = _(_UNCHECKED[unchecked.reason]).format(number=unchecked.number)
        say(_("Not checked: {what}").format(what=number), "yellow")
    if not comparison.differences:
        say(_("Nothing is missing."), "green")
        return
    zone = ZoneInfo(comparison.timezone)
    headings = (_("slot"), _("unit"), _("audience"), _("difference"), _("reason"), _("items"))
    show_table(headings, [_make_row(each, zone) for each in comparison.differences[:_SHOWN]])
    if (rest := comparison.differing - _SHOWN) > 0:
        say(_("{rest} more: see --json.").format(rest=rest))


def _make_row(difference: DifferenceOut, zone: ZoneInfo) -> tuple[str, ...]:
    pairs = zip(difference.refs, difference.obligations, strict=True)
    refs = [ref or str(obligation) for ref, obligation in pairs]
    rest = f" … {len(refs)}" if len(refs) > _REFS else ""
    return (
        f"{difference.slot.astimezone(zone):%Y-%m-%d %H:%M}",
        difference.unit or str(difference.unit_id),
        _(AUDIENCES.get(difference.audience, difference.audience)),
        _(_KINDS[difference.kind]),
        _(_REASONS[difference.reason]),
        ", ".join(refs[:_REFS]) + rest,
    )
