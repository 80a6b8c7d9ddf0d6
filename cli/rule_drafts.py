"""`cuiban rules draft`, `publish`, `approve` and `discard`: from a draft to a version."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import Api, connect, read_file
from cli.rule_books import find_draft, show_changes, show_published
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import _, get_language
from shared.api.accounts import SessionIssued
from shared.api.offices import RuleBookOut
from shared.api.problems import choose_part
from shared.api.rules import BookChangeOut, RuleDraftOut, RuleEffectOut

DraftArgument = Annotated[
    str, typer.Argument(help="The draft: the beginning of its id, or `latest`.")
]


def save_draft(
    file: Annotated[
        Path | None, typer.Argument(help="A rule book as YAML or JSON; its comments are kept.")
    ] = None,
    from_version: Annotated[
        int | None, typer.Option(help="Begin from this published version instead of a file.")
    ] = None,
    draft: Annotated[
        str | None, typer.Option(help="Change this draft; else a new one is made.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Save a rule book as a draft; nothing changes for any unit. Exit status 1 when it has faults.

    A draft with faults is saved too: it can't be published until they are corrected.
    """
    if (file is None) == (from_version is None) or (draft and file is None):
        raise WrongUseError(
            _("Give either a file or --from-version."), _("--draft ID changes one, by a file.")
        )
    api = connect(state)
    body: dict[str, Any] = {"from_version": from_version}
    if file is not None:
        body = {"text": read_file(file).decode("utf-8", "replace")}
    if draft is None:
        saved = api.post("/v1/rule-drafts", body | {"note": note or ""})
    else:
        path = f"/v1/rule-drafts/{find_draft(api, draft)}"
        present = RuleDraftOut.model_validate(api.get(path))
        kept = present.note if note is None else note
        saved = api.put(path, body | {"version": present.version, "note": kept})
    shown = RuleDraftOut.model_validate(saved)
    show_answer(shown, as_json, lambda answer: _show_draft(api, answer))
    if shown.problems:
        raise typer.Exit(NO)


def _show_draft(api: Api, draft: RuleDraftOut) -> None:
    say(_("Draft {id} is saved.").format(id=draft.draft_id), "bold")
    language = get_language()
    for problem in draft.problems:
        line = _("line {line}, column {column}: {message}")
        message = choose_part(problem.message, language)
        say(line.format(line=problem.line, column=problem.column, message=message))
        if problem.hint:
            say(f"    {choose_part(problem.hint, language)}")
    if draft.book is None:
        return
    changes = api.get("/v1/rule-comparison", before=draft.live, after=draft.draft_id)
    say(_("Compared with version {version}:").format(version=draft.live))
    show_changes([BookChangeOut.model_validate(change) for change in changes])
    if not draft.problems:
        _show_effect(
            RuleEffectOut.model_validate(api.get(f"/v1/rule-drafts/{draft.draft_id}/effect"))
        )


def _show_effect(effect: RuleEffectOut) -> None:
    message = _("{differing} of {units} units hear something else in the next 90 days.")
    say(message.format(differing=effect.differing, units=effect.units))
    if effect.needs_approval:
        say(_("A second person must approve it: cuiban rules approve"), "yellow")


def publish_draft(
    draft: DraftArgument = "latest", as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Publish a draft as the next version. All reminders are planned again."""
    api = connect(state)
    show_answer(_send(api, draft, "publish"), as_json, show_published)


def approve_draft(
    draft: DraftArgument = "latest",
    name: Annotated[
        str | None,
        typer.Option("--as", help="The name that you sign in with: a token can't approve."),
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read your password from standard input."),
    ] = False,
    code: Annotated[str, typer.Option(help="Your one-time code, where you have one.")] = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Approve a draft that somebody else wrote, and publish it. A person does this, not a token."""
    api = connect(state)
    if name is None:
        show_answer(_send(api, draft, "approve"), as_json, show_published)
        return
    if not password_stdin:
        raise WrongUseError(
            _("No password is given."), _("Write it to standard input, with --password-stdin.")
        )
    password = sys.stdin.readline().rstrip("\r\n")
    body = {"name": name, "password": password, "code": code}
    session = SessionIssued.model_validate(api.post("/v1/sessions", body))
    person = Api(api.base_url, session.token)
    try:
        published = _send(person, draft, "approve")
    finally:
        person.delete("/v1/sessions/current")
        person.close()
    show_answer(published, as_json, show_published)


def discard_draft(
    draft: DraftArgument, as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Discard a draft. The journal keeps its text."""
    api = connect(state)
    draft_id = find_draft(api, draft)
    api.delete(f"/v1/rule-drafts/{draft_id}")
    show_answer({"discarded": draft_id}, as_json, lambda _answer: say(_("The draft is discarded.")))


def _send(api: Api, draft: str, how: str) -> RuleBookOut:
    """Publish or approve a draft as it is now."""
    path = f"/v1/rule-drafts/{find_draft(api, draft)}"
    seen = RuleDraftOut.model_validate(api.get(path))
    return RuleBookOut.model_validate(api.post(f"{path}/{how}", {"version": seen.version}))
