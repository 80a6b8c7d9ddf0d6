"""`cuiban gateways`: the file of gateways is checked, and a gateway is tried."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from deploy.gateway_status import show_status
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WrongUseError
from deploy.terminal.language import _
from deploy.terminal.problems import TranslatedProblem, show_problems, translate_problem
from services.notifier.domain.message import (
    MessageAccepted,
    MessageRefused,
    Outcome,
    OutcomeUnknown,
)
from services.notifier.gateways.building import build_gateway, build_gateways, load_file
from services.notifier.gateways.file import read_gateways
from services.notifier.gateways.protocol import Gateway, NoGateway
from services.notifier.rendering.gateway_tests import make_test_message
from services.notifier.settings import NotifierSettings
from shared.clock import read_machine_time

gateways = typer.Typer(help="The gateways: check the file, and try one.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A gateway of the file."""

    name: str
    vendor: str
    channel: str


@dataclass(frozen=True, slots=True)
class _Check:
    """The answer of `gateways check`."""

    file: str
    passed: bool
    gateways: list[_Listed]
    problems: list[TranslatedProblem]


@dataclass(frozen=True, slots=True)
class _Trial:
    """The answer of `gateways test`: accepted, refused or unknown."""

    gateway: str
    outcome: str
    reason: str
    detail: str
    gateway_message_id: str


@gateways.callback()
def _describe() -> None:
    """The gateways: check the file, and try one."""


@gateways.command("check")
def check_gateways(
    file: Annotated[
        Path | None, typer.Argument(help="A file of gateways; else the one of CUIBAN_GATEWAYS.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a file of gateways: what is wrong in it, with line and column. Nothing is sent.

    Secrets are read where the file says they stand. Exit status 1 when something is wrong.
    """
    path = file or NotifierSettings.load().gateways
    if path is None:
        raise WrongUseError(_("No file of gateways is named."), _("Set CUIBAN_GATEWAYS to it."))
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        message = _("{path} can't be read: {reason}.").format(path=path, reason=error.strerror)
        raise WrongUseError(message) from error
    reading = read_gateways(text)
    listed = [
        _Listed(each.name, each.vendor, each.channel)
        for each in (reading.file.gateways if reading.file else ())
    ]
    problems = [translate_problem(problem) for problem in reading.problems]
    show_answer(_Check(str(path), not problems, listed, problems), as_json, _show_check)
    if problems:
        raise typer.Exit(NO)


def _show_check(check: _Check) -> None:
    for each in check.gateways:
        say(f"{each.channel}: {each.name} ({each.vendor})")
    if check.passed:
        say(_("{file}: nothing is wrong.").format(file=check.file))
    show_problems(check.file, check.problems)


@gateways.command("test")
def try_gateway(
    name: Annotated[str, typer.Argument(help="The gateway's name.")],
    address: Annotated[str, typer.Option("--to", help="A mail address or a mobile number.")],
    as_json: JsonOption = False,
) -> None:
    """Send one test message through a gateway, and say what it answered.

    Exit status 1 when it was not accepted.
    """
    settings = NotifierSettings.load()
    gateway = _find_gateway(name, settings)
    outcome = asyncio.run(_send(gateway, address))
    trial = _describe_outcome(name, outcome)
    show_answer(trial, as_json, _show_trial)
    if not isinstance(outcome, MessageAccepted):
        raise typer.Exit(NO)


def _find_gateway(name: str, settings: NotifierSettings) -> Gateway:
    """The gateway of a name, in the file or from the environment."""
    named = load_file(settings.gateways).gateways if settings.gateways else ()
    for each in named:
        if each.name == name:
            return build_gateway(each, settings.send_timeout, settings.clock_file)
    built = [
        each.gateway for of_channel in build_gateways(settings).values() for each in of_channel
    ]
    known = {each.name: each for each in built if not isinstance(each, NoGateway)}
    if name not in known:
        message = _("There is no gateway {name}.").format(name=name)
        hint = _("There are: {names}.").format(names=", ".join(sorted(known)) or "-")
        raise WrongUseError(message, hint)
    return known[name]


async def _send(gateway: Gateway, address: str) -> Outcome:
    now = read_machine_time().astimezone()
    try:
        return await gateway.send(make_test_message(uuid4(), address, now))
    finally:
        await gateway.close()


def _describe_outcome(name: str, outcome: Outcome) -> _Trial:
    match outcome:
        case MessageAccepted(gateway_message_id=message_id):
            return _Trial(name, "accepted", "", "", message_id)
        case MessageRefused(reason=reason, detail=detail):
            return _Trial(name, "refused", reason, detail, "")
        case OutcomeUnknown(detail=detail):
            return _Trial(name, "unknown", "", detail, "")


def _show_trial(trial: _Trial) -> None:
    match trial.outcome:
        case "accepted":
            line = _("{gateway} accepted it; its id is {message_id}.")
        case "refused":
            line = _("{gateway} refused it ({reason}): {detail}")
        case _:
            line = _("It is unknown whether {gateway} accepted it: {detail}")
    say(
        line.format(
            gateway=trial.gateway,
            message_id=trial.gateway_message_id,
            reason=trial.reason,
            detail=trial.detail,
        )
    )


gateways.command("status")(show_status)
