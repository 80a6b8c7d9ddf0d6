"""`cuiban templates check`: a template in a file, with what is wrong in it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.client import read_file
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import _
from deploy.terminal.problems import TranslatedProblem, show_problems, translate_problem
from shared.errors import CuibanError
from shared.messages.templates.file import TemplateFile, read_template_file

TemplateFileArgument = Annotated[
    Path, typer.Argument(help="A template as YAML: kind, name, subject, text, html.")
]


@dataclass(frozen=True, slots=True)
class _Check:
    """The answer of `templates check`; `sms_parts`: the fewest and the most of a short message."""

    file: str
    passed: bool
    problems: list[TranslatedProblem]
    sms_parts: tuple[int, int] | None


def check_template_file(file: TemplateFileArgument, as_json: JsonOption = False) -> None:
    """Check a template, without an office: what is wrong in it, with the line. Exit status 1 then.

    Parts of short messages are counted without a signature: the preview counts with the office's.
    """
    reading = read_template_file(read_file(file).decode("utf-8", "replace"))
    problems = [translate_problem(problem) for problem in reading.problems]
    check = _Check(str(file), not problems, problems, reading.sms_parts)
    show_answer(check, as_json, _show_check)
    if problems:
        raise typer.Exit(NO)


def _show_check(check: _Check) -> None:
    if check.passed:
        say(_("{file}: nothing is wrong.").format(file=check.file))
    if check.sms_parts:
        fewest, most = check.sms_parts
        say(_("Parts of a short message: {fewest} to {most}.").format(fewest=fewest, most=most))
    show_problems(check.file, check.problems)


def read_sound_file(file: Path) -> TemplateFile:
    """The template in a file.

    Raises:
        CuibanError: something is wrong in it; the text has every problem with its line.
    """
    reading = read_template_file(read_file(file).decode("utf-8", "replace"))
    if reading.file is not None and not reading.problems:
        return reading.file
    line = _("{file}: line {line}, column {column}: {message}")
    translated = [translate_problem(problem) for problem in reading.problems]
    rows = [
        line.format(file=file, line=each.line, column=each.column, message=each.message)
        for each in translated
    ]
    raise CuibanError("\n".join(rows), next((each.hint for each in translated if each.hint), ""))
