"""The help and the usage errors of Typer, in the language in use."""

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import partial
from typing import Any

import typer
from rich.cells import cell_len
from rich.console import Console

from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _

_LINE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
_PIECE = re.compile(r"\s+|[（“]?(?:[!-~]+|\S)[，。；：、）”！？…]*")
"""What a line is not broken within: a word or a Chinese character, with its punctuation."""
_WIDEST = 100
_MOST_BESIDE = 24
"""Columns for names; a longer name has its text below it."""
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


def translate_help(command: Any) -> None:  # noqa: ANN401 - Typer does not export the class
    """Let a command and its subcommands write their help in the language in use."""
    for each in iterate_commands(command):
        each.format_help = partial(_write_help, each)
        each.help = _(join_lines(each.help))
        each.short_help = each.help.partition("\n")[0]
        for parameter in each.params:
            parameter.help = _(join_lines(parameter.help))


def _write_help(command: Any, context: typer.Context, formatter: Any) -> None:  # noqa: ANN401 - as above
    width = min(Console().width, _WIDEST)
    pieces = " ".join(command.collect_usage_pieces(context))
    lines = [_("Usage: {usage}").format(usage=f"{context.command_path} {pieces}"), ""]
    for paragraph in command.help.split("\n\n"):
        lines += [*wrap(paragraph, width), ""]
    options = [each for each in command.get_params(context) if each.param_type_name == "option"]
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    help_option = command.get_help_option(context)
    if help_option:
        help_option.help = _("Show this help.")
    subcommands = getattr(command, "commands", {})
    for heading, rows in (
        (_("Arguments"), [_describe_parameter(each, context) for each in arguments]),
        (_("Options"), [_describe_parameter(each, context) for each in options]),
        (_("Commands"), [(name, each.short_help) for name, each in subcommands.items()]),
    ):
        if rows:
            lines += [heading + _(":"), *_lay_out(rows, width), ""]
    formatter.write("\n".join(lines).rstrip())


def _describe_parameter(parameter: Any, context: typer.Context) -> tuple[str, str]:  # noqa: ANN401 - as above
    names = "/".join((*parameter.opts, *parameter.secondary_opts))
    kind = parameter.metavar or parameter.display_type(context)
    if parameter.param_type_name == "argument" or parameter.is_flag:
        kind = ""
    default = parameter.default
    value = default.value if isinstance(default, Enum) else default
    notes = [
        _("[required]") if parameter.required else "",
        _("[env var: {name}]").format(name=parameter.envvar) if parameter.envvar else "",
        _("[default: {value}]").format(value=value) if value not in (None, False, "") else "",
    ]
    return f"{names} {kind}".strip(), " ".join(filter(None, (parameter.help, *notes)))


def _lay_out(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Names beside their texts; the text of a long name is below it."""
    beside = [cell_len(name) for name, _text in rows if cell_len(name) <= _MOST_BESIDE]
    indent = max(beside, default=0) + 4
    for name, text in rows:
        lines = wrap(text, width - indent)
        if cell_len(name) > _MOST_BESIDE:
            yield f"  {name}"
        elif lines:
            yield f"  {name}{' ' * (indent - 2 - cell_len(name))}{lines.pop(0)}"
        yield from (f"{' ' * indent}{line}" for line in lines)


def wrap(text: str, width: int) -> list[str]:
    """Lines that are at most `width` columns wide; Chinese is broken between any characters."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if cell_len(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line for line in lines if line]


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
