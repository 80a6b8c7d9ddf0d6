"""`cuiban rules`: the office's rule book as text, its drafts and its versions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.client import read_file
from cli.rule_books import compare_books, list_books, roll_back, show_book
from cli.rule_drafts import approve_draft, discard_draft, publish_draft, save_draft
from cli.rules_forecast import forecast_rules
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import _
from deploy.terminal.problems import TranslatedProblem, show_problems, translate_problem
from shared.clock import SystemClock
from shared.rules.reading import read_book

rules = typer.Typer(
    help="The rule book: check, draft, compare, publish, forecast.", no_args_is_help=True
)
rules.command("forecast")(forecast_rules)


@dataclass(frozen=True, slots=True)
class _Check:
    """The answer of `rules check`."""

    file: str
    passed: bool
    rules: int
    problems: list[TranslatedProblem]


@rules.command("check")
def check_rules(
    file: Annotated[Path, typer.Argument(help="A rule book as YAML or JSON.")],
    as_json: JsonOption = False,
) -> None:
    """Check a rule book, without an office: what is wrong in it, with line and column.

    Exit status 1 when something is wrong.
    """
    text = read_file(file).decode("utf-8", "replace")
    reading = read_book(text, SystemClock().now().date())
    check = _Check(
        str(file),
        not reading.problems,
        len(reading.book.rules) if reading.book else 0,
        [translate_problem(problem) for problem in reading.problems],
    )
    show_answer(check, as_json, _show_check)
    if reading.problems:
        raise typer.Exit(NO)


def _show_check(check: _Check) -> None:
    if check.passed:
        line = _("{file}: nothing is wrong; {rules} rules.")
        say(line.format(file=check.file, rules=check.rules))
    show_problems(check.file, check.problems)


rules.command("draft")(save_draft)
rules.command("list")(list_books)
rules.command("show")(show_book)
rules.command("compare")(compare_books)
rules.command("publish")(publish_draft)
rules.command("approve")(approve_draft)
rules.command("rollback")(roll_back)
rules.command("discard")(discard_draft)
