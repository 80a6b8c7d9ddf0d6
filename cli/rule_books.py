"""`cuiban rules list`, `show`, `compare` and `rollback`: the published versions."""

from typing import Annotated

import typer

from cli.client import Api, connect
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _, get_language
from deploy.terminal.tables import show_table
from shared.api.offices import RuleBookOut
from shared.api.rules import BookChangeOut, RuleBookWritten, RuleDraftHead, RuleDraftOut

_SHORT_ID = 8
_LEAST = 4
"""Characters of a draft's id that name it."""


def list_books(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the drafts and the published versions, the newest first."""
    api = connect(state)
    drafts = [RuleDraftHead.model_validate(each) for each in api.get("/v1/rule-drafts")]
    books = api.list_models(RuleBookOut, "/v1/rule-books")
    answer = {
        "drafts": [draft.model_dump(mode="json") for draft in drafts],
        "versions": [book.model_dump(mode="json", exclude={"book"}) for book in books],
    }
    show_answer(answer, as_json, lambda _answer: _show_lists(drafts, books))


def _show_lists(drafts: list[RuleDraftHead], books: list[RuleBookOut]) -> None:
    if drafts:
        headings = (_("draft"), _("by"), _("changed at"), _("note"))
        show_table(
            headings,
            [
                (
                    str(draft.draft_id)[:_SHORT_ID],
                    draft.changed_by,
                    format_instant(draft.changed_at),
                    draft.note,
                )
                for draft in drafts
            ],
        )
        say("")
    columns = (_("version"), _("published"), _("by"), _("approved by"), _("note"))
    show_table(columns, [_list_cells(book) for book in books])


def _list_cells(book: RuleBookOut) -> tuple[str, str, str, str, str]:
    note = book.note
    if book.restored_from:
        note = _("as version {version}").format(version=book.restored_from) + f" {note}".rstrip()
    return (
        str(book.version),
        format_instant(book.published_at),
        book.published_by,
        book.approved_by or "",
        note,
    )


def show_book(
    book: Annotated[str, typer.Argument(help="A version, or a draft.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show a published version or a draft as text, with the comments that it was written with."""
    api = connect(state)
    shown: RuleBookWritten | RuleDraftOut
    if _is_version(book):
        shown = RuleBookWritten.model_validate(api.get(f"/v1/rule-books/{book}"))
    else:
        shown = RuleDraftOut.model_validate(api.get(f"/v1/rule-drafts/{find_draft(api, book)}"))
    show_answer(shown, as_json, lambda answer: print(answer.text.rstrip("\n")))


def compare_books(
    before: Annotated[str, typer.Argument(help="A version, or a draft.")],
    after: Annotated[str, typer.Argument(help="A version, or a draft.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Say what is different in the second one, a sentence for each difference."""
    api = connect(state)
    answer = api.get(
        "/v1/rule-comparison", before=_name_book(api, before), after=_name_book(api, after)
    )
    changes = [BookChangeOut.model_validate(change) for change in answer]
    show_answer(changes, as_json, show_changes)


def show_changes(changes: list[BookChangeOut]) -> None:
    """Print a line for each difference."""
    if not changes:
        say(_("They say the same."))
    for change in changes:
        say(change.chinese if get_language() == "zh" else change.english)


def roll_back(
    version: Annotated[int, typer.Argument(help="The number of a published version.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Publish the content of an earlier version as the next one."""
    answer = connect(state).post(f"/v1/rule-books/{version}/roll-back")
    show_answer(RuleBookOut.model_validate(answer), as_json, show_published)


def show_published(book: RuleBookOut) -> None:
    """Print which version is live now."""
    say(
        _("Version {version} is live; all reminders are planned again.").format(
            version=book.version
        )
    )


def _name_book(api: Api, word: str) -> str:
    """A version as it is; a draft as its whole id."""
    return word if _is_version(word) else find_draft(api, word)


def _is_version(word: str) -> bool:
    return word.isdecimal() and len(word) < _LEAST


def find_draft(api: Api, word: str) -> str:
    """The id of the draft whose id begins with a word; `latest` is the last changed.

    Raises:
        WrongUseError: no draft is meant, or several are.
    """
    drafts = [RuleDraftHead.model_validate(each) for each in api.get("/v1/rule-drafts")]
    if word == "latest":
        meant = drafts[:1]
    else:
        enough = len(word) >= _LEAST
        meant = [each for each in drafts if enough and str(each.draft_id).startswith(word.lower())]
    if len(meant) != 1:
        message = _("{word} means {number} drafts.").format(word=word, number=len(meant))
        hint = _("Give at least {least} characters of its id, or latest: see cuiban rules list.")
        raise WrongUseError(message, hint.format(least=_LEAST))
    return str(meant[0].draft_id)
