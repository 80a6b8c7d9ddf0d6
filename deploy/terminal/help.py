"""The help and the usage errors of Typer, in the language in use."""

import re
from collections.abc import Iterator
from typing import Any

import typer
from typer import rich_utils

from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _

_Formatter: Any = typer.Context.formatter_class
_LINE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
_USAGE_ERRORS = (
    (r"No such option: (?P<name>\S+)", N_("There is no option {name}.")),
    (r"No such command '(?P<name>.+?)'", N_("There is no command {name}.")),
    (r"Missing command", N_("A command is missing.")),
    (r"Missing \w+ '(?P<name>.+?)'", N_("{name} is missing.")),
    (
        r"Invalid value for (?P<name>.+?): .*?(?P<value>'.*') is not one of (?P<choices>.*)\.",
        N_("{name} is one of {choices}, not {value}."),
    ),
    (
        r"Invalid value for (?P<name>.+?): .*?(?P<value>'.*') does not match the formats",
        N_("{name} is a date such as 2023-09-30, not {value}."),
    ),
    (r"Invalid value for (?P<name>.+?): .*valid integer", N_("{name} is a whole number.")),
    (
        r"Invalid value for (?P<name>.+?): .*greater than or equal to (?P<least>[\d.]+)",
        N_("{name} is at least {least}."),
    ),
    (
        r"Invalid value for (?P<name>.+?): .*less than or equal to (?P<most>[\d.]+)",
        N_("{name} is at most {most}."),
    ),
    (r"Invalid value for (?P<name>.+?): (?P<detail>.*)", N_("Wrong value for {name}: {detail}")),
    (r"Option '(?P<name>.+?)' requires an argument", N_("Option {name} needs a value.")),
    (r"Option '(?P<name>.+?)' does not take a value", N_("Option {name} takes no value.")),
    (r"Got unexpected extra arguments? \((?P<name>.*)\)", N_("Too many arguments: {name}.")),
)
"""What Typer says, and how it is said here."""


class _UsageFormatter(_Formatter):  # type: ignore[misc]  # Typer does not export the class
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, prefix or f"{_('Usage:')} ")


def translate_help(command: Any) -> None:  # noqa: ANN401 - Typer does not export the class
    """Put the help of a command and of its subcommands into the language in use."""
    typer.Context.formatter_class = _UsageFormatter
    rich_utils.ARGUMENTS_PANEL_TITLE = _("Arguments")
    rich_utils.OPTIONS_PANEL_TITLE = _("Options")
    rich_utils.COMMANDS_PANEL_TITLE = _("Commands")
    rich_utils.REQUIRED_LONG_STRING = _("[required]")
    rich_utils.DEFAULT_STRING = _("[default: {}]")
    rich_utils.ENVVAR_STRING = _("[env var: {}]")
    for each in iterate_commands(command):
        each.help = _(join_lines(each.help))
        for parameter in each.params:
            if getattr(parameter, "help", None):
                parameter.help = _(join_lines(parameter.help))
        if help_option := each.get_help_option(typer.Context(each)):
            help_option.help = _("Show this message and exit.")


def iterate_commands(command: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    """A command and all that it contains."""
    yield command
    for subcommand in getattr(command, "commands", {}).values():
        yield from iterate_commands(subcommand)


def join_lines(text: str | None) -> str:
    """A docstring's paragraphs on one line each, as the catalogs have them."""
    return _LINE_BREAK.sub(" ", text or "").strip()


def read_usage_error(error: typer.TyperException) -> WrongUseError:
    """The error for a command that was typed wrongly, in the language in use."""
    original = error.format_message()
    context: typer.Context | None = getattr(error, "ctx", None)
    hint = (
        "" if context is None else _("See `{command} --help`.").format(command=context.command_path)
    )
    for pattern, text in _USAGE_ERRORS:
        if match := re.match(pattern, original):
            return WrongUseError(_(text).format_map(match.groupdict()), hint)
    return WrongUseError(original, hint)
