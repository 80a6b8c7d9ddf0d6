"""`cuiban templates`: the office's own templates of messages."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import Api, connect
from cli.template_files import TemplateFileArgument, check_template_file, read_sound_file
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import N_, _, get_language
from deploy.terminal.tables import show_table
from shared.api.problems import choose_part
from shared.api.templates import TemplateHead, TemplateOut, TemplatePreviewOut
from shared.messages.templates.file import TemplateFile, write_template_file
from shared.schemas.rules import Audience
from shared.schemas.templates import STANDARD, TemplateKind

templates = typer.Typer(
    help="Templates of messages: list, show, check, preview, publish, roll back.",
    no_args_is_help=True,
)
templates.command("check")(check_template_file)
_KINDS = {
    TemplateKind.DIGEST_MAIL: N_("reminder by mail"),
    TemplateKind.DIGEST_SMS: N_("reminder by short message"),
    TemplateKind.DIGEST_GROUP: N_("reminder to a group"),
    TemplateKind.LINK_MAIL: N_("mail with a new link"),
}
KindArgument = Annotated[TemplateKind, typer.Argument(help="What the template is for.")]
NameOption = Annotated[
    str, typer.Option(help="The template's name; the usual one is called standard.")
]


@templates.command("list")
def list_templates(
    kind: Annotated[
        TemplateKind | None, typer.Argument(help="Show the versions of a template of this kind.")
    ] = None,
    name: NameOption = STANDARD,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show the templates in use; with a kind, the published versions of one, the newest first."""
    path = "/v1/templates" if kind is None else f"{_make_path(kind, name)}/versions"
    rows = [TemplateHead.model_validate(each) for each in connect(state).get(path)]
    show_answer(rows, as_json, _show_rows)


def _show_rows(rows: list[TemplateHead]) -> None:
    headings = (_("kind"), _("name"), _("version"), _("published"), _("by"), _("note"))
    show_table(headings, [_list_cells(row) for row in rows])


def _list_cells(row: TemplateHead) -> tuple[str, ...]:
    published = format_instant(row.published_at) if row.published_at else ""
    note = row.note
    if row.built_in:
        note = _("built-in")
    elif row.restored_from:
        note = f"{_('as version {version}').format(version=row.restored_from)} {note}".rstrip()
    kind = f"{row.kind.value}  {_(_KINDS[row.kind])}"
    return kind, row.name, str(row.version), published, row.published_by, note


@templates.command("show")
def show_template(
    kind: KindArgument,
    name: NameOption = STANDARD,
    version: Annotated[
        int | None, typer.Option(help="A published version, or 0 for the built-in template.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Print a template as the file that `check`, `preview` and `publish` take."""
    query = {} if version is None else {"version": version}
    shown = TemplateOut.model_validate(connect(state).get(_make_path(kind, name), **query))
    show_answer(shown, as_json, lambda answer: print(_write(answer).rstrip("\n")))


def _write(shown: TemplateOut) -> str:
    parts = shown.parts.model_dump()
    return write_template_file(TemplateFile(kind=shown.kind, name=shown.name, **parts))


@templates.command("preview")
def preview_template(
    file: TemplateFileArgument,
    unit: Annotated[
        str | None, typer.Option(help="With what this unit owes now; else with an example.")
    ] = None,
    audience: Annotated[Audience, typer.Option(help="Whose message it is.")] = Audience.LIAISON,
    html: Annotated[
        Path | None, typer.Option(help="Write the HTML part to this file, to open in a browser.")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show the message that a template makes of what a unit owes now. Nothing is sent."""
    template = read_sound_file(file)
    api = connect(state)
    body = {
        "kind": template.kind.value,
        "parts": template.parts.model_dump(),
        "unit_id": str(find_unit(api, unit).unit_id) if unit else None,
        "audience": audience.value,
    }
    made = TemplatePreviewOut.model_validate(api.post("/v1/templates/preview", body))
    if html is not None and made.html is not None:
        html.write_text(made.html, encoding="utf-8")
    show_answer(made, as_json, _show_preview)
    if made.problems:
        raise typer.Exit(NO)


def _show_preview(made: TemplatePreviewOut) -> None:
    for problem in made.problems:
        line = _("{part}, line {line}: {message}")
        message = choose_part(problem.message, get_language())
        say(line.format(part=problem.part, line=problem.line, message=message))
    if made.subject:
        say(made.subject, "bold")
    if made.text:
        say(made.text)
    if made.sms_parts:
        counted = _("Parts of this message: {parts}; of all kinds: {fewest} to {most}.")
        say(counted.format(parts=made.sms_parts, fewest=made.fewest_parts, most=made.most_parts))


@templates.command("publish")
def publish_template(
    file: TemplateFileArgument, as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Publish the template in a file as the next version: messages from now on are written by it.

    A name in the file other than standard makes a template of its own, for rules that name it.
    """
    template = read_sound_file(file)
    api = connect(state)
    body = {
        "version": _find_version(api, template.kind, template.name),
        "parts": template.parts.model_dump(),
        "note": template.note,
    }
    answer = api.post(_make_path(template.kind, template.name), body)
    show_answer(TemplateOut.model_validate(answer), as_json, _show_published)


@templates.command("rollback")
def roll_back(
    kind: KindArgument,
    to: Annotated[int, typer.Option(help="An earlier version, or 0 for the built-in template.")],
    name: NameOption = STANDARD,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Publish the content of an earlier version as the next one."""
    api = connect(state)
    body = {"version": _find_version(api, kind, name), "to": to}
    answer = api.post(f"{_make_path(kind, name)}/roll-back", body)
    show_answer(TemplateOut.model_validate(answer), as_json, _show_published)


def _show_published(shown: TemplateOut) -> None:
    line = _("Version {version} of {kind} {name} is in use.")
    say(line.format(version=shown.version, kind=shown.kind.value, name=shown.name))


def _find_version(api: Api, kind: TemplateKind, name: str) -> int:
    """The newest version of a template; 0 when the office has none."""
    rows = [TemplateHead.model_validate(each) for each in api.get("/v1/templates")]
    return next((row.version for row in rows if (row.kind, row.name) == (kind, name)), 0)


def _make_path(kind: TemplateKind, name: str) -> str:
    return f"/v1/templates/{kind.value}/{quote(name, safe='')}"
