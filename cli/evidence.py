"""`cuiban evidence`: notes, links and files that show what a unit did."""

from pathlib import Path
from typing import Annotated

import typer

from cli.client import connect
from cli.obligations import IdArgument, NoteOption, show_obligation
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from shared.api.obligations import ObligationOut

evidence = typer.Typer(help="Evidence of what was done.", no_args_is_help=True)
EvidenceArgument = Annotated[
    str, typer.Argument(help="The id of the evidence, from `cuiban obligation`.")
]


@evidence.command("add")
def add_evidence(
    obligation: IdArgument,
    file: Annotated[Path | None, typer.Option(help="A file, up to 20 MB.")] = None,
    link: Annotated[str | None, typer.Option(help="An address, http or https.")] = None,
    note: NoteOption = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Add a file, or a link or a note."""
    api = connect(state)
    path = f"/v1/obligations/{obligation}"
    if file is not None and (link or note):
        raise WrongUseError(
            _("A file is added by itself."), _("Add the link or note with a second command.")
        )
    if file is not None:
        answer = api.upload(f"{path}/files", file)
    else:
        answer = api.post(f"{path}/evidence", {"note": note, "link": link})
    show_answer(ObligationOut.model_validate(answer), as_json, show_obligation)


@evidence.command("save")
def save_evidence(
    evidence_id: EvidenceArgument,
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Write a file of evidence to disk."""
    connect(state).download(f"/v1/evidence/{evidence_id}/file", file)
    show_answer({"file": str(file)}, as_json, lambda _shown: say(str(file)))


@evidence.command("take-back")
def take_back_evidence(
    evidence_id: EvidenceArgument,
    note: NoteOption = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Take back a piece of evidence with a reason; that it was there stays on record."""
    answer = connect(state).post(f"/v1/evidence/{evidence_id}/take-back", {"note": note})
    show_answer(ObligationOut.model_validate(answer), as_json, show_obligation)
