"""`cuiban proposals`: corrections that units propose for their contacts."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import connect
from cli.units import AUDIENCES
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.proposals import ContactProposalOut, PersonOut

proposals = typer.Typer(
    help="Corrections that units propose for their contacts.", no_args_is_help=True
)
_STATES = {
    "pending": N_("not decided yet"),
    "accepted": N_("accepted by the office"),
    "declined": N_("declined by the office"),
    "withdrawn": N_("withdrawn"),
}
IdArgument = Annotated[str, typer.Argument(help="The proposal's id, from `cuiban proposals list`.")]


@proposals.command("list")
def list_proposals(
    all_states: Annotated[
        bool, typer.Option("--all", help="Those that were decided, too.")
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Show the corrections that wait for a decision, each beside what the directory has."""
    wanted = {} if all_states else {"state": "pending"}
    rows = connect(state).list_models(ContactProposalOut, "/v1/contact-proposals", **wanted)
    show_answer(rows, as_json, _show_proposals)


def _show_proposals(rows: list[ContactProposalOut]) -> None:
    headings = (_("id"), _("unit"), _("post"), _("in the directory"), _("proposed"), _("reason"))
    show_table(
        (*headings, _("by"), _("at"), _("state")),
        [
            (
                str(each.proposal_id),
                each.unit,
                _(AUDIENCES[each.post.value]),
                _name_person(each.present),
                _name_person(PersonOut.model_validate(each)),
                each.note,
                each.proposed_by,
                format_instant(each.proposed_at),
                _(_STATES[each.state]),
            )
            for each in rows
        ],
    )


def _name_person(person: PersonOut | None) -> str:
    if person is None:
        return _("(nobody)")
    return " ".join(filter(None, (person.name, person.email, person.mobile)))


@proposals.command("accept")
def accept_proposal(
    proposal: IdArgument,
    note: Annotated[str, typer.Option("--note", help="A note; it is recorded.")] = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Change the directory as proposed. The post's days, and who is to follow, stay."""
    _decide(proposal, "accept", note, as_json=as_json, state=state)


@proposals.command("decline")
def decline_proposal(
    proposal: IdArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; the unit reads it.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Decline a proposal; the directory stays as it is."""
    _decide(proposal, "decline", reason, as_json=as_json, state=state)


def _decide(proposal: str, how: str, note: str, *, as_json: bool, state: Path) -> None:
    answer = connect(state).post(f"/v1/contact-proposals/{proposal}/{how}", {"note": note})
    show_answer(ContactProposalOut.model_validate(answer), as_json, _show_decided)


def _show_decided(decided: ContactProposalOut) -> None:
    message = _("{unit}, {post}: {state}. The directory has: {person}")
    say(
        message.format(
            unit=decided.unit,
            post=_(AUDIENCES[decided.post.value]),
            state=_(_STATES[decided.state]),
            person=_name_person(decided.present),
        )
    )
