"""Writes a rule book as YAML text that `shared.rules.reading` reads as the same book. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from shared.marked.marks import NULLS
from shared.rules.book import EXTENDED, Rule, RuleBook

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]*|[0-9]{2}:[0-9]{2}|[\u4e00-\u9fff]+")
"""A text that YAML takes as it is; any other is written in quotes."""
_LISTED = ("when", "who")
"""Lists of a rule that have a line for each entry."""


def write_book(book: RuleBook) -> str:
    """The book as YAML, without its version: a line for each moment and each step."""
    fields = book.model_dump(mode="json", exclude={"version", "rules"})
    lines = [f"{name}: {_write(value)}" for name, value in fields.items()]
    lines.append("rules:" if book.rules else "rules: []")
    for rule in book.rules:
        first, *rest = _list_lines(rule)
        lines += [f"  - {first}", *(f"    {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def _list_lines(rule: Rule) -> Iterator[str]:
    for name, value in rule.model_dump(mode="json", by_alias=True).items():
        if name == "kinds":
            yield f"kinds: {_write([kind for kind in value if kind != EXTENDED])}"
        elif name in _LISTED:
            yield f"{name}:"
            yield from (f"  - {_write(_drop_empty(entry))}" for entry in value)
        elif name == "at":
            yield f"at: {value[:5] if value.endswith(':00') else value}"
        elif value is not None:
            yield f"{name}: {_write(_drop_empty(value))}"


def _drop_empty(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without what is not set, and without a step's beginning at the first reminder."""
    if isinstance(value, Mapping):
        kept = {key: _drop_empty(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in kept.items() if (key, each) != ("from_overdue", 0)}
    return value


def _write(value: Any) -> str:  # noqa: ANN401 - JSON
    """A value on one line, in the flow style of YAML."""
    match value:
        case dict():
            pairs = (f"{key}: {_write(each)}" for key, each in value.items())
            return f"{{{', '.join(pairs)}}}"
        case list():
            return f"[{', '.join(map(_write, value))}]"
        case str() if value in NULLS or not _PLAIN.fullmatch(value):
            return json.dumps(value, ensure_ascii=False)
        case str():
            return value
        case _:
            return json.dumps(value)
