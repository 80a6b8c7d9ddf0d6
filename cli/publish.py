"""`cuiban plan publish` and `cuiban plan edit`: what a plan is called, and its publication."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from cli.asking import ask_yes
from cli.client import PlanArgument, connect, find_plan
from cli.units import AUDIENCES
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import _
from shared.api.plans import FirstHeardOut, HeldOut, PlanOut, PublishedOut
from shared.api.units import UnreachableOut

_NAMES = 8
"""How many units are named in one line; `--json` has them all."""
_DAYS = 5
"""How many past dates are listed one by one."""


def publish(
    plan_id: PlanArgument = "latest",
    include_past: Annotated[
        bool, typer.Option("--include-past", help="Also what was due before today.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Publish without asking.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Make the plan's obligations and publish them; what is doubtful is held back and listed.

    First it shows which plan this is, who will owe what and when each unit first hears of it, and
    asks. With --json it does not ask.
    """
    api = connect(state)
    path = f"/v1/plans/{find_plan(api, plan_id)}/publish"
    body = {"include_past": include_past}
    if not (yes or as_json):
        preview = PublishedOut.model_validate(api.post(path, body | {"preview": True}))
        _show_published(preview)
        if not preview.obligations:
            return
        if not ask_yes("\n" + _("Publish it? Type yes: ")):
            say(_("Nothing was changed. Run this command again, or with --yes, to publish."))
            raise typer.Exit(NO)
    published = PublishedOut.model_validate(api.post(path, body))
    show_answer(published, as_json, _show_published if yes else _show_result)


def _show_published(published: PublishedOut) -> None:
    title = published.title or _("(no title)")
    year = published.year or "?"
    say(f"{title} · {year} · {published.document_name} · {published.plan_id}", "bold")
    _show_result(published)
    if not published.title:
        say(
            _("Mails would cite the file's name. Enter a title: cuiban plan edit --title"), "yellow"
        )
    show_announced(published.first_heard, published.unreachable)
    _show_held(published.held)


def _show_result(published: PublishedOut) -> None:
    message = (
        _("Published: {obligations} obligations of {units} units")
        if published.applied
        else _("To be published: {obligations} obligations of {units} units")
    )
    say(message.format_map(dict(published)))
    if published.heard:
        message = _("Hearings that were recorded before count for {heard} of them.")
        say(message.format(heard=published.heard))


def show_announced(rows: Sequence[FirstHeardOut], unreachable: Sequence[UnreachableOut]) -> None:
    """When which units first hear of what is new, a line for each instant; whom nothing reaches."""
    by_slot: defaultdict[datetime | None, list[str]] = defaultdict(list)
    for row in rows:
        by_slot[row.slot].append(row.unit)
    for slot in sorted((slot for slot in by_slot if slot), key=datetime.timestamp):
        message = _("First reminder {slot}: {units}")
        say(message.format(slot=format_instant(slot), units=name_units(by_slot[slot])))
    if never := by_slot.get(None):
        message = _("The rules never remind of what is new to: {units}")
        say(message.format(units=name_units(never)), "yellow")
    for post in unreachable:
        message = _("No message reaches the {post} of {unit}: cuiban units unreachable")
        say(message.format(post=_(AUDIENCES[post.post]), unit=post.unit), "yellow")


def name_units(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    rest = len(names) - _NAMES
    more = _(" and {rest} more").format(rest=rest) if rest > 0 else ""
    return "、".join(names[:_NAMES]) + more


def _show_held(held: HeldOut) -> None:
    if held.open_measures:
        say(_("Held until settled: {refs}").format(refs=" ".join(held.open_measures)))
    if held.unknown_names:
        names = "、".join(name.name for name in held.unknown_names)
        say(_("Held until it is decided who is meant: {names}").format(names=names))
    refs: defaultdict[str, list[str]] = defaultdict(list)
    for past in held.past:
        refs[str(past.due_on)].append(past.ref)
    days = sorted(refs)
    if len(days) > _DAYS:
        every = " ".join(dict.fromkeys(ref for day in days for ref in refs[day]))
        message = _("Already past, not published: {number} dates from {first} to {last}: {refs}")
        say(message.format(number=len(days), first=days[0], last=days[-1], refs=every))
        days = []
    for day in days:
        message = _("Already past, not published: due {day}: {refs}")
        say(message.format(day=day, refs=" ".join(refs[day])))
    if refs:
        say(_("Publish them too, overdue from today: cuiban plan publish --include-past"))


def change_details(
    plan_id: PlanArgument = "latest",
    title: Annotated[str | None, typer.Option(help="What the document is called.")] = None,
    year: Annotated[int | None, typer.Option(help="Its year; of a draft alone.")] = None,
    issuer: Annotated[str | None, typer.Option(help="Who issued it.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")] = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Correct a plan's title, year or issuer; mails cite the new title from then on."""
    fields = {"title": title, "year": year, "issuer": issuer}
    changed = {name: value for name, value in fields.items() if value is not None}
    if not (changed and reason):
        raise WrongUseError(_("Give --title, --year or --issuer, and --reason."))
    api = connect(state)
    path = f"/v1/plans/{find_plan(api, plan_id)}/details"
    plan = PlanOut.model_validate(api.post(path, changed | {"reason": reason}))
    show_answer(plan, as_json, _show_details)


def _show_details(plan: PlanOut) -> None:
    say(f"{plan.title or _('(no title)')} · {plan.year or '?'} · {plan.issuer or '?'}")
