"""Reads a rule book from text: the book, or everything that is wrong with it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from shared.rules.book import RuleBook
from shared.rules.contradictions import list_contradictions
from shared.rules.marks import Content, MarkedText, Place, UnreadableError, read_marked
from shared.rules.problems import BookProblem
from shared.rules.schema import build_schema
from shared.rules.support import list_unsupported
from shared.rules.wording import describe_error

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
    problems: tuple[BookProblem, ...]


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
        return BookReading(None, (_locate(marked, (), "wrong-type", message),))
    repeated = list(_list_repeated_names(marked))
    try:
        book = RuleBook.model_validate({"version": 1, **marked.content}, extra="forbid")
    except ValidationError as error:
        problems = [*repeated, *_list_errors(marked, error, skip_whole=bool(repeated))]
        return BookReading(None, _sort(problems))
    return BookReading(book, _sort(_list_faults(marked, book, today)))


def _sort(problems: list[BookProblem]) -> tuple[BookProblem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.mark)[:_MOST])


def _list_repeated_names(marked: MarkedText) -> Iterator[BookProblem]:
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
            yield _locate(marked, place, "duplicate-name", message, hint)
        first.setdefault(name, number)


def _list_errors(
    marked: MarkedText, error: ValidationError, *, skip_whole: bool
) -> Iterator[BookProblem]:
    """The model's errors; `skip_whole`: that names repeat is told already.

    A list that is too short because an entry is wrong is not told beside the entry.
    """
    errors = error.errors(include_url=False)
    for each in errors:
        location = each["loc"]
        if skip_whole and location == ("rules",) and each["type"] == "value_error":
            continue
        if each["type"] == "too_short" and any(
            len(other["loc"]) > len(location) and other["loc"][: len(location)] == location
            for other in errors
        ):
            continue
        allowed = _list_allowed(location[:-1])
        code, message, hint = describe_error(each, allowed)
        place = _find_place(marked.content, location)
        yield _locate(marked, place, code, message, hint, key=code == "unknown-key")


def _list_faults(marked: MarkedText, book: RuleBook, today: date | None) -> list[BookProblem]:
    """What a sound book says that is not done yet, or never happens."""
    hint = "请先删去。Leave it out for now."
    unsupported = [
        _locate(
            marked,
            path,
            "not-supported",
            f"尚不支持{pending.chinese}。It is not yet supported {pending.english}.",
            hint,
            key=True,
        )
        for path, pending in list_unsupported(book)
    ]
    contradictions = [
        _locate(marked, each.path, each.code, each.message, each.hint)
        for each in list_contradictions(book, today)
    ]
    return unsupported + contradictions


def _locate(
    marked: MarkedText, place: Place, code: str, message: str, hint: str = "", *, key: bool = False
) -> BookProblem:
    path = ".".join(map(str, place))
    return BookProblem(marked.find_mark(place, key=key), path, code, message, hint)


def _find_place(content: Content, location: tuple[str | int, ...]) -> Place:
    """The place of a model's error: without the names of types that its location also has."""
    place: list[str | int] = []
    for part in location:
        if isinstance(content, dict) and part in content:
            content = content[str(part)]
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            continue
        place.append(part)
    return tuple(place)


@lru_cache(maxsize=1)
def _get_schema() -> dict[str, Any]:
    return build_schema()


def _list_allowed(location: tuple[str | int, ...]) -> list[str]:
    """The keys that the schema knows at a location."""
    schemas = _expand(_get_schema())
    for part in location:
        inner = [each for schema in schemas for each in _enter(schema, part)]
        schemas = [each for schema in inner for each in _expand(schema)] or schemas
    return sorted({key for schema in schemas for key in schema.get("properties", ())})


def _expand(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema without references and choices; a choice by type stays whole."""
    if "$ref" in schema:
        return _expand(_get_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return [each for choice in schema["anyOf"] for each in _expand(choice)]
    return [schema]


def _enter(schema: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, int):
        if "items" in schema:
            yield schema["items"]
        return
    if part in schema.get("properties", {}):
        yield schema["properties"][part]
    mapping = schema.get("discriminator", {}).get("mapping", {})
    if part in mapping:
        yield {"$ref": mapping[part]}
