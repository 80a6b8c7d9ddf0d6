"""`cuiban dead-letters`: records that a service could not read or apply."""

from typing import Annotated

import typer

from cli.client import connect
from cli.filters import make_query
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.dead_letters import DeadLetterCauseOut, DeadLetterOut, DeadLetterRecordOut
from shared.api.fields import Page

dead_letters = typer.Typer(
    help="Records that a service could not read or apply: list, show, replay, discard.",
    no_args_is_help=True,
)
_STATES = {
    "open": N_("open"),
    "replayed": N_("replayed"),
    "discarded": N_("discarded"),
}
LetterArgument = Annotated[
    str, typer.Argument(help="The letter's id, from `cuiban dead-letters list`.")
]
ReasonOption = Annotated[str, typer.Option(help="Why; it stands in the journal.")]


@dead_letters.command("list")
def list_letters(
    every: Annotated[bool, typer.Option("--all", help="Those that were dealt with, too.")] = False,
    consumer: Annotated[list[str] | None, typer.Option(help="Of this consumer.")] = None,
    topic: Annotated[list[str] | None, typer.Option(help="From this topic.")] = None,
    reason: Annotated[list[str] | None, typer.Option(help="For this reason.")] = None,
    by_cause: Annotated[bool, typer.Option("--by-cause", help="Count them by cause.")] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show dead letters, the newest first; or how many there are, by cause."""
    query = make_query({"consumer": consumer, "topic": topic, "reason": reason})
    query |= {} if every else {"state": "open"}
    api = connect(state)
    if by_cause:
        page = Page[DeadLetterCauseOut].model_validate(api.get("/v1/dead-letters/causes", **query))
        show_answer(page.items, as_json, _show_causes)
    else:
        rows = api.list_models(DeadLetterOut, "/v1/dead-letters", **query)
        show_answer(rows, as_json, _show_letters)


@dead_letters.command("show")
def show_letter(
    letter: LetterArgument, as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Show a dead letter with its record."""
    answer = connect(state).get(f"/v1/dead-letters/{letter}")
    show_answer(DeadLetterRecordOut.model_validate(answer), as_json, _show_record)


@dead_letters.command("replay")
def replay_letter(
    letter: LetterArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Publish its record anew; who applied the event before does not apply it again."""
    done = _close(letter, "replay", reason, state)
    show_answer(done, as_json, lambda _done: say(_("The record is published anew.")))


@dead_letters.command("discard")
def discard_letter(
    letter: LetterArgument,
    reason: ReasonOption,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Close a dead letter: its record is never applied."""
    done = _close(letter, "discard", reason, state)
    show_answer(done, as_json, lambda _done: say(_("The dead letter is discarded.")))


def _close(letter: str, decision: str, reason: str, state: StateOption) -> DeadLetterRecordOut:
    answer = connect(state).post(f"/v1/dead-letters/{letter}/{decision}", {"reason": reason})
    return DeadLetterRecordOut.model_validate(answer)


def _show_letters(rows: list[DeadLetterOut]) -> None:
    if not rows:
        say(_("There are no dead letters."))
        return
    headings = (
        *(_("since"), _("consumer"), _("topic"), _("part."), _("offset"), _("event")),
        *(_("reason"), _("detail"), _("state"), _("id")),
    )
    lines = [
        (
            format_instant(row.dead_at),
            row.consumer,
            row.topic,
            str(row.partition),
            str(row.record_offset),
            row.event_type,
            row.reason,
            row.detail,
            _(_STATES[row.state]),
            str(row.letter_id),
        )
        for row in rows
    ]
    show_table(headings, lines)


def _show_causes(rows: list[DeadLetterCauseOut]) -> None:
    if not rows:
        say(_("There are no dead letters."))
        return
    headings = (
        *(_("consumer"), _("topic"), _("event"), _("reason"), _("letters")),
        *(_("first"), _("last")),
    )
    lines = [
        (
            row.consumer,
            row.topic,
            row.event_type,
            row.reason,
            str(row.letters),
            format_instant(row.first),
            format_instant(row.last),
        )
        for row in rows
    ]
    show_table(headings, lines)


def _show_record(letter: DeadLetterRecordOut) -> None:
    _show_letters([letter])
    if letter.obstacle:
        say(_("It can't be replayed: {reason}").format(reason=letter.obstacle))
    if letter.decided_at:
        line = _("{at} {actor}: {reason}")
        at = format_instant(letter.decided_at)
        say(line.format(at=at, actor=letter.decided_by, reason=letter.decided_why))
    for name, value in letter.record_headers:
        say(f"{name}: {value}")
    say("")
    say(letter.record_value if letter.record_value is not None else _("The record is not kept."))
