"""`cuiban tokens`: the tokens of an office: listed, issued, revoked."""

from typing import Annotated

import typer

from cli.client import Api, connect, is_id
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, format_instant, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import _
from deploy.terminal.tables import show_table
from shared.api.offices import TokenIssued, TokenOut

tokens = typer.Typer(help="Tokens of programs: list, issue, revoke.", no_args_is_help=True)


@tokens.command("list")
def list_tokens(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show the tokens of the office, the revoked ones too; never their secrets."""
    show_answer(connect(state).list_models(TokenOut, "/v1/tokens"), as_json, _show_tokens)


def _show_tokens(rows: list[TokenOut]) -> None:
    lines = [
        (
            row.name,
            " ".join(row.scopes),
            format_instant(row.created_at),
            format_instant(row.revoked_at) if row.revoked_at else "",
            str(row.token_id),
        )
        for row in rows
    ]
    show_table((_("name"), _("scopes"), _("issued"), _("revoked"), _("id")), lines)


@tokens.command("add")
def issue_token(
    name: Annotated[str, typer.Argument(help="Whose it is, such as the program's name.")],
    scope: Annotated[list[str], typer.Option(help="read, report, manage or admin; repeated.")],
    unit: Annotated[str | None, typer.Option(help="It reads and reports for it alone.")] = None,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Issue a token. It is shown now and never again."""
    api = connect(state)
    unit_id = str(find_unit(api, unit).unit_id) if unit else None
    body = {"name": name, "scopes": scope, "unit_id": unit_id}
    issued = TokenIssued.model_validate(api.post("/v1/tokens", body))
    show_answer(issued, as_json, _show_issued)


def _show_issued(issued: TokenIssued) -> None:
    say(issued.token)
    say(_("This token is a secret and is shown once."))


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(help="Its name, or its id; see `cuiban tokens list`.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Revoke a token: it is refused from then on."""
    api = connect(state)
    token_id = token if is_id(token) else _find_token(api, token)
    api.delete(f"/v1/tokens/{token_id}")
    show_answer({"token_id": token_id}, as_json, lambda _answer: say(_("The token is revoked.")))


def _find_token(api: Api, name: str) -> str:
    """The id of the one token with a name that is not revoked.

    Raises:
        WrongUseError: there is none, or there are several.
    """
    rows = api.list_models(TokenOut, "/v1/tokens")
    ids = [str(row.token_id) for row in rows if row.name == name and row.revoked_at is None]
    if len(ids) != 1:
        message = _("{number} tokens in use are called {name}.")
        raise WrongUseError(
            message.format(number=len(ids), name=name),
            _("Give its id, from `cuiban tokens list`."),
        )
    return ids[0]
