"""The refusal of a rule book."""

from collections.abc import Sequence

from services.ingest.api.problems import ProblemError
from shared.marked.problems import TextProblem


def make_unsound(problems: Sequence[TextProblem]) -> ProblemError:
    """A refusal that names the first problem in its hint, and all of them in `errors`."""
    return ProblemError(
        422,
        "invalid",
        "规则有误。The rule book is not sound.",
        problems[0].describe(),
        errors=[
            {
                "where": each.path,
                "line": each.mark.line,
                "column": each.mark.column,
                "message": each.message,
                "hint": each.hint,
            }
            for each in problems
        ],
    )
