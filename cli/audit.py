"""`cuiban audit`: what became of every reminder, and that nobody altered the journal."""

import re
from typing import Annotated

import typer

from cli.client import connect
from cli.expected import compare_expected
from deploy.ops.conservation import show_conservation
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import N_, _
from shared.api.audit import BrokenOut, VerifiedOut

_FLAWS = {
    "altered": N_("Entry {number} ({entry}) was altered after it was sealed, or its link was."),
    "missing": N_("Entry {number} ({entry}) is missing: it was removed after it was sealed."),
    "outside": N_("{entry} of the journal is outside the chain: it was inserted."),
    "cut": N_("The chain is cut: entry {number} and all later ones are missing."),
    "unknown-head": N_(
        "The noted head is not in this chain: the chain was cut or rewritten, or the head was "
        "noted wrongly."
    ),
}
audit = typer.Typer(no_args_is_help=True)


@audit.callback()
def _describe() -> None:
    """Prove that nothing was lost or altered."""


@audit.command("verify")
def verify(
    expect: Annotated[
        str | None, typer.Option(help="A head that was noted earlier: is it still in the chain?")
    ] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Prove that no entry of the journal was altered, removed or inserted.

    Prints the newest hash, the head: note it down elsewhere, and `--expect` proves later that
    everything up to it is still there. Ends with status 1 at the first entry that does not hold.
    """
    if expect and not re.fullmatch("[0-9a-fA-F]{64}", expect):
        raise WrongUseError(
            _("A head has 64 hexadecimal characters."),
            _("Give it as `cuiban audit verify` printed it."),
        )
    response = connect(state).get("/v1/audit/verify", expect=expect)
    verified = VerifiedOut.model_validate(response)
    show_answer(verified, as_json, _show_verified)
    if verified.broken:
        raise typer.Exit(NO)


def _show_verified(verified: VerifiedOut) -> None:
    say(_("{entries} entries are proven, from the first on.").format(entries=verified.entries))
    say(_("head {head}").format(head=verified.head))
    if verified.expected_at is not None:
        message = _("The noted head is that of entry {number}; {later} came after it.")
        later = verified.entries - verified.expected_at
        say(message.format(number=verified.expected_at, later=later))
    if broken := verified.broken:
        message = _(_FLAWS[broken.flaw])
        say(message.format(number=broken.number, entry=_describe_entry(broken)), "red")


def _describe_entry(broken: BrokenOut) -> str:
    row = "" if broken.entry_id is None else _("row {number}").format(number=broken.entry_id)
    return " ".join(filter(None, (row, broken.action, broken.subject))) or _("no row")


audit.command("conservation")(show_conservation)
audit.command("expected")(compare_expected)
