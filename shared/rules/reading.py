"""Reads a rule book from text: the book, or everything that is wrong with it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from shared.marked.locating import list_model_problems, locate
from shared.marked.marks import Content, MarkedText, Place, UnreadableError, read_marked
from shared.marked.problems import TextProblem
from shared.rules.book import RuleBook
from shared.rules.contradictions import list_contradictions
from shared.rules.schema import build_schema

_MOST = 100
"""How many problems are told at once."""


@dataclass(frozen=True, slots=True)
class BookReading:
    """What a text says.

    Attributes:
        book: None when it cannot be read as a book. Its version is 1, or the one that is written.
        problems: in the order of the text. A book with problems must not be published.
    """

    book: RuleBook | None
    problems: tuple[TextProblem, ...]


def read_book(text: str, today: date | None = None) -> BookReading:
    """Read YAML or JSON as a rule book; `today`: given dates before it are past."""
    try:
        return _read(read_marked(text), today)
    except UnreadableError as error:
        return BookReading(None, error.problems)


def read_content(content: Content, today: date | None = None) -> BookReading:
    """Read a book that came without a text, as in a request: its problems have no real mark."""
    return _read(MarkedText(content), today)


def _read(marked: MarkedText, today: date | None) -> BookReading:
    if not isinstance(marked.content, dict):
        message = "规则须是“键: 值”，以 rules 为主。A rule book is a mapping with the key rules."
        return BookReading(None, (locate(marked, (), "wrong-type", message),))
    repeated = list(_list_repeated_names(marked))
    try:
        book = RuleBook.model_validate({"version": 1, **marked.content}, extra="forbid")
    except ValidationError as error:
        skip: list[Place] = [("rules",)] if repeated else []
        errors = list_model_problems(marked, error, _get_schema(), skip)
        return BookReading(None, _sort([*repeated, *errors]))
    return BookReading(book, _sort(_list_faults(marked, book, today)))


def _sort(problems: list[TextProblem]) -> tuple[TextProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.mark)[:_MOST])


def _list_repeated_names(marked: MarkedText) -> Iterator[TextProblem]:
    rules = marked.content.get("rules") if isinstance(marked.content, dict) else None
    first: dict[str, int] = {}
    for number, rule in enumerate(rules if isinstance(rules, list) else ()):
        name = rule.get("rule_id") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        if name in first:
            line = marked.find_mark(("rules", first[name], "rule_id")).line
            message = f"规则名 {name} 用了两次。The name {name} is used twice."
            hint = f"第一次在第 {line} 行。The first is in line {line}."
            place: Place = ("rules", number, "rule_id")
            yield locate(marked, place, "duplicate-name", message, hint)
        first.setdefault(name, number)


def _list_faults(marked: MarkedText, book: RuleBook, today: date | None) -> list[TextProblem]:
    """What a sound book says that never happens."""
    return [
        locate(marked, each.path, each.code, each.message, each.hint)
        for each in list_contradictions(book, today)
    ]


@lru_cache(maxsize=1)
def _get_schema() -> dict[str, Any]:
    return build_schema()
