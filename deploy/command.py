"""The `cuiban` command. Only the module of the command that is called is loaded."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from typer.main import get_command

from deploy.terminal.answers import show_error
from deploy.terminal.errors import NO, WRONG_USE
from deploy.terminal.help import read_usage_error, translate_help
from deploy.terminal.hints import use_command
from deploy.terminal.language import _, choose_language, use_language
from shared.errors import CuibanError

_COMMANDS = {
    "up": "lab.stack.commands:start_stack",
    "down": "lab.stack.commands:stop_stack",
    "status": "lab.stack.commands:show_status",
    "simulator": "lab.simulator.command:run_simulator",
    "demo": "lab.demo.command:run_demo",
    "chaos": "lab.chaos.command:run_chaos",
    "import": "cli.plans:import_plan",
    "units": "cli.contacts:units",
    "links": "cli.links:links",
    "proposals": "cli.proposals:proposals",
    "users": "cli.users:users",
    "offices": "deploy.offices:offices",
    "plan": "cli.plans:plan",
    "ledger": "cli.ledger:show_ledger",
    "report": "cli.reports:report",
    "settings": "cli.settings:settings",
    "rules": "cli.rules:rules",
    "templates": "cli.templates:templates",
    "calendars": "cli.calendars:calendars",
    "mute": "cli.mutes:mute",
    "hold": "cli.holds:hold",
    "release": "cli.holds:release_sending",
    "why": "cli.why:explain_reminders",
    "obligation": "cli.obligations:handle_obligation",
    "extension": "cli.obligations:decide_extension",
    "objection": "cli.obligations:decide_objection",
    "evidence": "cli.evidence:evidence",
    "hearing": "cli.obligations:record_hearing",
    "tokens": "cli.tokens:tokens",
    "receipts": "cli.receipts:receipts",
    "replies": "cli.replies:replies",
    "messages": "cli.gateway_tests:messages",
    "dead-letters": "cli.dead_letters:dead_letters",
    "audit": "cli.audit:audit",
    "proof": "cli.proof:proof",
    "doctor": "deploy.doctor.command:examine_and_show",
    "ops": "deploy.ops.app:ops",
    "restore": "deploy.ops.restore:restore",
    "gateways": "deploy.gateways:gateways",
    "bench": "lab.bench.command:run_benches",
    "topics": "deploy.prepare:prepare_topics",
    "migrate": "deploy.prepare:run_migrations",
    "prepare": "deploy.prepare:prepare_all",
}


_ADDED = {"gateways": ("conform", "lab.simulator.command:try_gateways")}
"""Subcommands of a group that need more packages than the group itself."""


def build_command(*names: str) -> Any:  # noqa: ANN401 - Typer does not export the class
    """The command with the named subcommands; without names, all that can run here.

    A production image has the operator's commands alone: `doctor`, `ops`, `restore`, `offices`,
    `gateways`, `topics`, `migrate`, `prepare`.

    Raises:
        CuibanError: a named one needs a package that is not installed.
    """
    app = typer.Typer(name="cuiban", no_args_is_help=True)
    app.callback()(_describe)
    for name in names or _COMMANDS:
        try:
            command = _load(name)
        except ModuleNotFoundError as error:
            if not names:
                continue
            raise _get_missing_error(name, (error.name or "").partition(".")[0]) from error
        if isinstance(command, typer.Typer):
            app.add_typer(_complete(name, command), name=name)
        else:
            app.command(name)(command)
    return get_command(app)


def _complete(name: str, group: typer.Typer) -> typer.Typer:
    """A group with the subcommand that needs more packages, where these are installed."""
    added = _ADDED.get(name)
    if added is None or any(each.name == added[0] for each in group.registered_commands):
        return group
    module, attribute = added[1].split(":")
    with suppress(ModuleNotFoundError):
        group.command(added[0])(getattr(import_module(module), attribute))
    return group


def _get_missing_error(name: str, package: str) -> CuibanError:
    message = _("`cuiban {name}` needs {package}, which is not installed here.").format(
        name=name, package=package
    )
    if package == "cli":
        return CuibanError(
            message,
            _("Run it where the whole package is installed, with CUIBAN_API and CUIBAN_TOKEN."),
        )
    if package == "lab":
        return CuibanError(message, _("It needs the whole package."))
    return CuibanError(
        message, _("Install requirements/local.txt; bench and tests need requirements/dev.txt.")
    )


def _load(name: str) -> Any:  # noqa: ANN401 - a function, or a group of them
    module, attribute = _COMMANDS[name].split(":")
    return getattr(import_module(module), attribute)


def _describe(
    _lang: Annotated[
        str | None,
        typer.Option(
            "--lang",
            metavar="zh|en",
            help="The language of the texts; else as LC_ALL, LC_MESSAGES or LANG say, else zh.",
        ),
    ] = None,
) -> None:
    """催办 (cuiban): reminds units of their obligations, and proves that it did.

    Exit status 0: done. 1: the answer is no, or a check failed. 2: wrong use. 3: something is not
    running.
    """


def run(arguments: Sequence[str]) -> int:
    """Run the command with some arguments; its exit status."""
    as_json = "--json" in arguments
    try:
        use_language(choose_language(None, os.environ))
        named, rest = _take_language(arguments)
        use_language(choose_language(named, os.environ))
        command = build_command(*(word for word in rest[:1] if word in _COMMANDS))
        translate_help(command)
        use_command(command, rest)
        return command.main(rest, prog_name="cuiban", standalone_mode=False) or 0
    except CuibanError as error:
        return show_error(error, as_json=as_json)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # which Typer does not export
            print(error.format_message())
            return WRONG_USE
        return show_error(read_usage_error(error), as_json=as_json)
    except ValidationError:
        message = _("The API's answer has a form that this version of the command does not know.")
        hint = _("Use the command of the same version as the API.")
        return show_error(CuibanError(message, hint), as_json=as_json)
    except typer.Abort:
        return NO


def _take_language(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The value of a leading `--lang`, and what follows it."""
    match list(arguments):
        case ["--lang", named, *rest]:
            return named, rest
        case [first, *rest] if first.startswith("--lang="):
            return first.removeprefix("--lang="), rest
        case words:
            return None, words


def main() -> None:
    """Run the command as it was typed.

    A character that the terminal's encoding lacks (GBK, GB2312) is replaced.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
