"""`cuiban users`: the accounts of people who sign in."""

import secrets
import sys
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

from cli.client import Api, connect
from cli.units import find_unit
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from shared.api.accounts import UserOut
from shared.api.units import UnitOut

users = typer.Typer(help="The accounts of people who sign in.", no_args_is_help=True)
_RANDOM_BYTES = 12
_ROLES = {
    "admin": N_("administrator"),
    "editor": N_("editor"),
    "approver": N_("approver"),
    "viewer": N_("viewer"),
    "unit": N_("unit account"),
}


class OfficeRole(StrEnum):
    """The roles of the office's own people."""

    ADMIN = "admin"
    EDITOR = "editor"
    APPROVER = "approver"
    VIEWER = "viewer"


NameArgument = Annotated[str, typer.Argument(help="The name that the person signs in with.")]
PasswordOption = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read the password from standard input; else a random one is made and shown once.",
    ),
]


@users.command("add")
def add_user(
    name: NameArgument,
    role: Annotated[
        OfficeRole | None, typer.Option(help="What the person may do in the office.")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="Make an account of this unit: it reads and reports for it alone."),
    ] = None,
    password_stdin: PasswordOption = False,
    no_password: Annotated[
        bool,
        typer.Option(
            "--no-password",
            help="Make an account that signs in through the office's identity provider alone.",
        ),
    ] = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Make an account for a person of the office (--role), or for a unit (--unit)."""
    if (role is None) == (unit is None):
        raise WrongUseError(
            _("Give either --role or --unit."),
            _("--role admin|editor|approver|viewer for the office, --unit NAME for a unit."),
        )
    api = connect(state)
    body: dict[str, Any] = {"name": name}
    generated = ""
    if not no_password:
        body["password"], generated = _choose_password(password_stdin)
    if unit is not None:
        body |= {"role": "unit", "unit_id": str(find_unit(api, unit).unit_id)}
    else:
        body |= {"role": role}
    made = UserOut.model_validate(api.post("/v1/users", body))
    _show_with_password(
        made, generated, as_json, _("The account {name} is made.").format(name=made.name)
    )


def _choose_password(from_input: bool) -> tuple[str, str]:
    """The password of standard input, or a random one; and what was made at random."""
    if not from_input:
        generated = secrets.token_urlsafe(_RANDOM_BYTES)
        return generated, generated
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise WrongUseError(
            _("Standard input holds no password."),
            _("Write it there, on one line: cuiban users add … --password-stdin < FILE"),
        )
    return password, ""


def _show_with_password(user: UserOut, generated: str, as_json: bool, message: str) -> None:
    answer = user.model_dump(mode="json") | ({"password": generated} if generated else {})

    def show(_answer: object) -> None:
        say(message)
        if generated:
            say(_("Its password, shown only now: {password}").format(password=generated))

    show_answer(answer, as_json, show)


@users.command("list")
def list_users(as_json: JsonOption = False, state: StateOption = STATE) -> None:
    """Show all accounts."""
    api = connect(state)
    accounts = api.list_models(UserOut, "/v1/users")
    names: dict[UUID | None, str] = {}
    if any(account.unit_id for account in accounts):
        names = {unit.unit_id: unit.name for unit in api.list_models(UnitOut, "/v1/units")}
    answer = [
        account.model_dump(mode="json") | {"unit": names.get(account.unit_id)}
        for account in accounts
    ]
    show_answer(answer, as_json, _show_users)


def _show_users(rows: list[dict[str, Any]]) -> None:
    lines = [
        (
            row["name"],
            _(_ROLES[row["role"]]),
            row["unit"] or "",
            _("yes") if row["one_time_codes"] else _("no"),
            _("disabled") if row["disabled_at"] else _("active"),
        )
        for row in rows
    ]
    show_table((_("name"), _("role"), _("unit"), _("one-time codes"), _("state")), lines)


@users.command("disable")
def disable_user(
    name: NameArgument, as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Disable an account; its sessions end at once."""
    _change(connect(state), name, "disable", as_json, _("{name} can't sign in any more."))


@users.command("enable")
def enable_user(
    name: NameArgument, as_json: JsonOption = False, state: StateOption = STATE
) -> None:
    """Let a disabled account sign in again."""
    _change(connect(state), name, "enable", as_json, _("{name} can sign in again."))


def _change(api: Api, name: str, action: str, as_json: bool, message: str) -> None:
    user = find_user(api, name)
    changed = UserOut.model_validate(api.post(f"/v1/users/{user.user_id}/{action}"))
    show_answer(changed, as_json, lambda shown: say(message.format(name=shown.name)))


@users.command("reset")
def reset_user(
    name: NameArgument,
    password_stdin: PasswordOption = False,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Give an account a new password. Its one-time codes, sessions and lock end."""
    api = connect(state)
    user = find_user(api, name)
    password, generated = _choose_password(password_stdin)
    reset = api.post(f"/v1/users/{user.user_id}/reset", {"password": password})
    message = _("{name} has a new password; all its sessions have ended.")
    changed = UserOut.model_validate(reset)
    _show_with_password(changed, generated, as_json, message.format(name=changed.name))


@users.command("role")
def change_role(
    name: NameArgument,
    role: Annotated[OfficeRole, typer.Argument(help="The new role.")],
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Give an account of the office another role; its sessions end."""
    api = connect(state)
    user = find_user(api, name)
    answer = api.post(f"/v1/users/{user.user_id}/role", {"role": role})
    message = _("{name} has another role now: {role}.")
    show_answer(
        UserOut.model_validate(answer),
        as_json,
        lambda shown: say(message.format(name=shown.name, role=_(_ROLES[shown.role]))),
    )


def find_user(api: Api, name: str) -> UserOut:
    """The account with this name or id.

    Raises:
        WrongUseError: there is none.
    """
    accounts = api.list_models(UserOut, "/v1/users")
    wanted = name.strip().casefold()
    for account in accounts:
        if wanted in {account.name.casefold(), str(account.user_id)}:
            return account
    raise WrongUseError(
        _("There is no account called {name}.").format(name=name), _("See `cuiban users list`.")
    )
