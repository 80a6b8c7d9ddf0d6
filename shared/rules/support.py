"""What the language can say and no service does yet: refused with a clear text. Pure.

Each line of `NOT_YET` goes when what it names is built.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.rules.base import RuleModel
from shared.rules.book import Rule, RuleBook
from shared.rules.selecting import Select

Path = tuple[str | int, ...]
"""Where something stands in a book: keys, and places in lists."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """A field that is not honoured yet.

    Attributes:
        chinese, english: what it is.
        honoured: the values that say what happens anyway.
    """

    chinese: str
    english: str
    honoured: frozenset[str] = frozenset()


NOT_YET = {
    "who.of": NotYet(
        "提醒牵头单位或本办公室的岗位",
        "to remind posts of the lead unit or the office",
        frozenset({"unit"}),
    ),
}
"""By the part of a rule and the field."""


def list_unsupported(book: RuleBook) -> Iterator[tuple[Path, NotYet]]:
    """Where a book says what no service does yet."""
    for number, rule in enumerate(book.rules):
        for path, key, value in _list_fields(rule):
            entry = NOT_YET.get(key)
            if entry is not None and str(value) not in entry.honoured:
                yield ("rules", number, *path), entry


def _list_fields(rule: Rule) -> Iterator[tuple[Path, str, object]]:
    """The set fields of a rule's conditions, steps and ways: path, key of the table, value."""
    if rule.select is not None:
        for path, name, value in _list_conditions(rule.select, ("select",)):
            yield path, f"select.{name}", value
    for number, step in enumerate(rule.who):
        for name, value in _list_set(step):
            yield ("who", number, name), f"who.{name}", value
    if rule.how is not None:
        for name, value in _list_set(rule.how):
            yield ("how", name), f"how.{name}", value


def _list_conditions(select: Select, place: Path) -> Iterator[tuple[Path, str, object]]:
    for name, value in _list_set(select):
        if name not in {"all", "any", "not_"}:
            yield (*place, name), name, value
    for name, several in (("all", select.all), ("any", select.any)):
        for number, each in enumerate(several or ()):
            yield from _list_conditions(each, (*place, name, number))
    if select.not_ is not None:
        yield from _list_conditions(select.not_, (*place, "not"))


def _list_set(model: RuleModel) -> Iterator[tuple[str, object]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if value is not None:
            yield name, value
