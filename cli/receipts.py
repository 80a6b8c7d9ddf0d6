"""`cuiban receipts`: the addresses to which gateways push receipts."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared.api.fields import Page
from shared.api.receipts import ReceiptAddressMade, ReceiptAddressOut

receipts = typer.Typer(
    help="Addresses to which gateways push receipts: list, make, end.", no_args_is_help=True
)
_GATEWAY = typer.Argument(help="Its name in the file of gateways.")


@receipts.command("list")
def list_addresses(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the addresses of the office, without their secrets."""
    page = Page[ReceiptAddressOut].model_validate(connect(state).get("/v1/receipt-addresses"))
    rows = page.items
    show_answer(rows, as_json, _show_addresses)


def _show_addresses(rows: list[ReceiptAddressOut]) -> None:
    lines = [
        (row.gateway, " ".join(row.networks), format_instant(row.made_at), row.made_by)
        for row in rows
    ]
    show_table((_("gateway"), _("networks"), _("made"), _("by")), lines)


@receipts.command("add")
def make_address(
    gateway: Annotated[str, _GATEWAY],
    network: Annotated[
        list[str] | None, typer.Option(help="Pushes are taken from it alone; repeated.")
    ] = None,
    answer: Annotated[str, typer.Option(help="What the platform wants to be answered.")] = "",
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Make a gateway's address, or renew it: the earlier one ends. It is shown now and never again.

    Enter it at the platform, after the API's own address.
    """
    body = {"gateway": gateway, "networks": network or [], "answer": answer}
    made = ReceiptAddressMade.model_validate(connect(state).post("/v1/receipt-addresses", body))
    show_answer(made, as_json, _show_made)


def _show_made(made: ReceiptAddressMade) -> None:
    say(made.path)
    say(_("This address is a secret and is shown once."))


@receipts.command("end")
def end_address(
    gateway: Annotated[str, _GATEWAY], as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """End a gateway's address: what is pushed to it is refused."""
    connect(state).delete(f"/v1/receipt-addresses/{quote(gateway, safe='')}")
    show_answer({"gateway": gateway}, as_json, lambda _answer: say(_("The address has ended.")))
