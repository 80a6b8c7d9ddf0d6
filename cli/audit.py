"""`cuiban audit`: what became of every reminder, and that nobody altered the journal."""

import json
import re
from typing import Annotated

import typer
from rich.console import Console

from cli.client import connect
from cli.expected import compare_expected
from deploy.ops.conservation import show_conservation
from deploy.places import STATE, StateOption
from shared.errors import CuibanError

audit = typer.Typer(help="Prove that nothing was lost or altered.", no_args_is_help=True)
_out = Console()


@audit.callback()
def _audit() -> None:
    """Prove that nothing was lost or altered."""


audit.command("conservation")(show_conservation)


@audit.command("verify")
def verify(
    expect: Annotated[
        str | None, typer.Option(help="A head that was noted earlier: is it still in the chain?")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    state: StateOption = STATE,
) -> None:
    """Prove that no entry of the journal was altered, removed or slipped in.

    Prints the newest hash, the head: note it down elsewhere, and `--expect` proves later that
    everything up to it is still there. Ends with status 1 at the first entry that does not hold.
    """
    if expect and not re.fullmatch("[0-9a-fA-F]{64}", expect):
        raise CuibanError(
            "A head has 64 hexadecimal characters.", "Give it as `cuiban audit verify` printed it."
        )
    found = connect(state).get("/v1/audit/verify", expect=expect)
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
    else:
        _out.print(f"{found['entries']} entries are proven, from the first on.")
        _out.print(f"head {found['head']}", soft_wrap=True)
        if found["expected_at"] is not None:
            later = found["entries"] - found["expected_at"]
            _out.print(
                f"The noted head is that of entry {found['expected_at']}; {later} came after it."
            )
    if (broken := found["broken"]) is not None:
        if not as_json:
            _out.print(f"[red]{_FLAWS[broken['flaw']].format_map(_known(broken))}[/]")
        raise typer.Exit(1)


audit.command("expected")(compare_expected)


_FLAWS = {
    "altered": "Entry {number} ({entry}) is not as it was sealed: it, or its link, was altered.",
    "missing": "Entry {number} ({entry}) is gone: it was sealed, and someone removed it.",
    "outside": "{entry} of the journal stands outside the chain: someone slipped it in.",
    "cut": "The chain is cut: entry {number} and what came after it are gone.",
    "unknown-head": "The noted head is not in this chain: it was cut or written anew, or the "
    "head was noted wrongly.",
}


def _known(broken: dict[str, str | int | None]) -> dict[str, object]:
    about = [str(broken[name]) for name in ("action", "subject") if broken[name]]
    row = "" if broken["entry_id"] is None else f"row {broken['entry_id']}"
    return {"number": broken["number"], "entry": " ".join([row, *about]).strip() or "no row"}
