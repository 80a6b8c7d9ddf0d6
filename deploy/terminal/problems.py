"""Shows what is wrong in a file that a person wrote, with line and column."""

from collections.abc import Sequence
from dataclasses import dataclass

from deploy.terminal.answers import say
from deploy.terminal.language import _, get_language
from shared.api.problems import choose_part
from shared.marked.problems import TextProblem


@dataclass(frozen=True, slots=True)
class TranslatedProblem:
    """A problem as `--json` prints it; texts are in the language in use."""

    line: int
    column: int
    path: str
    code: str
    message: str
    hint: str


def translate_problem(problem: TextProblem) -> TranslatedProblem:
    """A problem in the language in use."""
    language = get_language()
    return TranslatedProblem(
        problem.mark.line,
        problem.mark.column,
        problem.path,
        problem.code,
        choose_part(problem.message, language),
        choose_part(problem.hint, language),
    )


def show_problems(file: str, problems: Sequence[TranslatedProblem]) -> None:
    """Print problems for people."""
    for problem in problems:
        line = _("{file}: line {line}, column {column}: {message}")
        place = {"line": problem.line, "column": problem.column}
        say(line.format(file=file, message=problem.message, **place))
        if problem.hint:
            say(f"    {problem.hint}")
