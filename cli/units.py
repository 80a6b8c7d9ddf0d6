"""`cuiban units`: the unit directory: compare, import, and keep units and contacts up to date."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from cli.client import Api, connect
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.ledger import ItemOut
from shared.api.membership import DirectoryChangeOut
from shared.api.units import ContactOut, ImportedOut, UnitOut
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience

T = TypeVar("T")
AUDIENCES = {"liaison": N_("liaison"), "deputy": N_("deputy"), "head": N_("head")}


units = typer.Typer(help="The unit directory.", no_args_is_help=True)
_SHOWN = 100
"""Lines of each kind that a difference shows; `--json` has them all."""

UnitArgument = Annotated[str, typer.Argument(help="The unit's name, an alias, or its id.")]


def name_posts(audiences: Iterable[str], unit: str = "") -> str:
    """Posts, and with `unit` the other unit whose posts they are."""
    posts = "、".join(_(AUDIENCES.get(each, each)) for each in audiences)
    return _("{posts} of {unit}").format(posts=posts, unit=unit) if unit else posts


@units.command("import")
def import_units(
    file: Annotated[Path, typer.Argument(help="A .xlsx or CSV file, one row per unit.")],
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what differs and change nothing.")
    ] = False,
    erase: Annotated[
        bool, typer.Option("--erase", help="Cells with a dash alone may empty what is stored.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Enter or renew the unit directory from a file, all of it or nothing; show what differs.

    Empty cells change nothing. A cell with a dash alone empties its field, with --erase.
    """
    query = ({"preview": "true"} if preview else {}) | ({"erase": "true"} if erase else {})
    response = connect(state).upload("/v1/units/import", file, **query)
    show_answer(ImportedOut.model_validate(response), as_json, _show_import)


def _show_import(imported: ImportedOut) -> None:
    for new in _limit(imported.new):
        say(f"+ {new.name}")
        for near in new.near:
            message = _("similar to {old}; if {old} was renamed, rename it before the import")
            say("    " + message.format(old=near.name))
    for unit in _limit(imported.changes):
        written = _(" (in the file: {name})").format(name=unit.written)
        say(f"~ {unit.name}{'' if unit.written == unit.name else written}")
        for field in unit.fields:
            say(f"    {field.field}: {_describe(field.before)} → {_describe(field.after)}")
    if imported.absent:
        say(_("In the directory and not in the file; they stay as they are:"))
    for name in _limit(imported.absent):
        say(f"· {name}")
    if imported.applied:
        message = _("{created} units entered, {changed} changed, {unchanged} unchanged")
    else:
        message = _("{created} units would be entered, {changed} changed, {unchanged} unchanged")
    say(message.format_map(dict(imported)))
    if imported.erased and not imported.applied:
        message = _("{erased} fields would be emptied by dashes; that needs --erase.")
        say(message.format(erased=imported.erased), "yellow")
    _show_effects(imported.plans)
    if not imported.applied:
        say(_("Nothing was changed. Without --preview the file is entered."))


def _show_effects(changes: list[DirectoryChangeOut]) -> None:
    """What the directory means for published plans, a line each."""
    for change in changes:
        message = _(
            "{title}: {gains} units would gain duties and {losses} lose some; decide: cuiban plan "
            "directory {plan_id}"
        )
        counts = {"gains": len(change.gains), "losses": len(change.losses)}
        title = change.title or _("(no title)")
        say(message.format(title=title, plan_id=change.plan_id, **counts), "yellow")


def _limit(rows: list[T]) -> list[T]:
    if len(rows) > _SHOWN:
        message = _("{number} lines, of which {shown} are shown; --json has them all:")
        say(message.format(number=len(rows), shown=_SHOWN))
    return rows[:_SHOWN]


def _describe(value: str | list[str]) -> str:
    return (value if isinstance(value, str) else "、".join(value)) or _("(nothing)")


@units.command("list")
def list_units(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the directory."""
    show_answer(connect(state).list_models(UnitOut, "/v1/units"), as_json, _show_units)


def _show_units(directory: list[UnitOut]) -> None:
    rows = []
    for unit in directory:
        posts = " ".join(dict.fromkeys(_describe_holder(each) for each in unit.contacts))
        retired = _(" (retired)") if unit.retired_at else ""
        lists = (unit.kind, "、".join(unit.groups), "、".join(unit.aliases))
        rows.append((f"{unit.name}{retired}", *lists, posts))
    headings = (_("unit"), _("kind"), _("groups"), _("aliases"), _("contacts"))
    show_table(headings, rows)


def _describe_holder(contact: ContactOut) -> str:
    post = _(AUDIENCES[contact.post])
    if contact.valid_to is None:
        return post
    return _("{post} (until {day})").format(post=post, day=contact.valid_to)


@units.command("contact")
def change_contact(
    unit: UnitArgument,
    post: Annotated[Audience, typer.Option(help="Which post of the unit.")],
    email: Annotated[str, typer.Option(help="Their e-mail address.")] = "",
    mobile: Annotated[str, typer.Option(help="Their mobile number.")] = "",
    name: Annotated[str, typer.Option(help="Their name.")] = "",
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Their first day; else at once."),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Their last day.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Let someone else take over a post. What is not sent yet goes to them."""
    api = connect(state)
    unit_id = find_unit(api, unit).unit_id
    body = {"post": post.value, "name": name, "email": email, "mobile": mobile}
    days = {"valid_from": first, "valid_to": last}
    body |= {part: day.date().isoformat() for part, day in days.items() if day}
    changed = UnitOut.model_validate(api.post(f"/v1/units/{unit_id}/contacts", body))
    show_answer(changed, as_json, lambda shown: _show_contacts(shown, post))


def _show_contacts(unit: UnitOut, post: Audience) -> None:
    say(f"{unit.name} {_(AUDIENCES[post.value])}:")
    for contact in unit.contacts:
        if contact.post == post.value:
            reached = (contact.email or _("no e-mail"), contact.mobile or _("no mobile number"))
            days = _("from {first} until {last}").format(
                first=contact.valid_from or "…", last=contact.valid_to or "…"
            )
            say(f"    {' '.join(filter(None, (contact.name, *reached)))}  {days}")


@units.command("rename")
def rename(
    old: UnitArgument,
    new: Annotated[str, typer.Argument(help="Its new name.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Give a unit another name. It stays the same unit; the old name becomes an alias."""
    api = connect(state)
    unit_id = find_unit(api, old).unit_id
    renamed = UnitOut.model_validate(api.post(f"/v1/units/{unit_id}/rename", {"name": new}))
    show_answer(renamed, as_json, _show_renamed)


def _show_renamed(unit: UnitOut) -> None:
    message = _("{name}, also called {aliases}")
    say(message.format(name=unit.name, aliases="、".join(unit.aliases)))


@units.command("alias")
def change_aliases(
    unit: UnitArgument,
    add: Annotated[list[str] | None, typer.Option(help="Another name that means it.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="An alias that it no longer has.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Give a unit aliases, or take some from it, also from a retired one."""
    if not (add or remove):
        raise WrongUseError(_("Give --add or --remove."))
    api = connect(state)
    unit_id = find_unit(api, unit).unit_id
    body = {"add": add or [], "remove": remove or []}
    changed = UnitOut.model_validate(api.post(f"/v1/units/{unit_id}/aliases", body))
    show_answer(changed, as_json, _show_renamed)


@units.command("retire")
def retire(
    unit: UnitArgument,
    reason: Annotated[str, typer.Option(help="Why; it is recorded.")],
    undo: Annotated[bool, typer.Option("--undo", help="It has not ended after all.")] = False,
    successor: Annotated[str | None, typer.Option(help="The unit that it was merged into.")] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """End a unit: it gets no new obligations. Those that it has stay in the ledger.

    With --successor, what is open waits to be handed over: cuiban plan directory.
    """
    api = connect(state)
    unit_id = find_unit(api, unit).unit_id
    body: dict[str, Any] = {"reason": reason, "undo": undo}
    if successor:
        body["successor_id"] = str(find_unit(api, successor).unit_id)
    retired = UnitOut.model_validate(api.post(f"/v1/units/{unit_id}/retire", body))
    obligations = api.list_models(ItemOut, "/v1/ledger", unit_id=unit_id)
    still_open = sum(row.status != ObligationStatus.DONE for row in obligations)
    show_answer(retired, as_json, lambda shown: _show_retired(shown, still_open))


def _show_retired(unit: UnitOut, still_open: int) -> None:
    if unit.retired_at is None:
        say(_("{name} is in the directory again.").format(name=unit.name))
        return
    say(_("{name} is retired and gets no new obligations.").format(name=unit.name))
    if still_open and unit.successor_id:
        message = _(
            "{number} obligations are open. Look at what its successor would take over, and "
            "decide: cuiban plan directory"
        )
        say(message.format(number=still_open))
    elif still_open:
        message = _(
            "{number} obligations stay open; its contacts are still reminded of them. To remind "
            "those of the unit that takes over: cuiban units contact {name} --post …"
        )
        say(message.format(number=still_open, name=unit.name))


def find_unit(api: Api, name: str, *, part: bool = False) -> UnitOut:
    """The unit with this id or name, else with this alias. A unit's own name always means it.

    With `part` a part of a name is enough, where only one unit has it.

    Raises:
        WrongUseError: no unit is called so, or several are.
    """
    matches = api.list_models(UnitOut, "/v1/units", name=name) or [
        unit for unit in api.list_models(UnitOut, "/v1/units") if str(unit.unit_id) == name
    ]
    own = [unit for unit in matches if name in {unit.name, str(unit.unit_id)}]
    aliased = [unit for unit in matches if name in unit.aliases and unit not in own]
    chosen = own or aliased or (matches if part else [])
    if len(chosen) == 1:
        if own and aliased:
            _say_other_meaning(own[0], aliased)
        return chosen[0]
    if chosen:
        names = "、".join(f"{unit.name} ({unit.unit_id})" for unit in chosen[:5])
        message = _("{name} means {number} units: {names}.")
        raise WrongUseError(
            message.format(number=len(chosen), name=name, names=names),
            _("Give the full name of one of them, or its id."),
        )
    near = "、".join(unit.name for unit in matches[:5])
    raise WrongUseError(
        _("The directory has no unit called {name}.").format(name=name),
        _("Similar: {near}.").format(near=near) if near else _("See `cuiban units list`."),
    )


def _say_other_meaning(unit: UnitOut, others: list[UnitOut]) -> None:
    """A retired unit's name may be an alias of the unit that took over: say which is meant."""
    message = _("This is {name}{retired} itself. {others} has the name as an alias.")
    retired = _(" (retired)") if unit.retired_at else ""
    names = "、".join(other.name for other in others)
    say(message.format(name=unit.name, retired=retired, others=names), "yellow", error=True)
