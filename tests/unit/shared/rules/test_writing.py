"""A book as text: what is written is read as the same book."""

from pathlib import Path
from typing import Any

from hypothesis import given

from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.reading import read_book
from shared.rules.writing import write_book
from tests.unit.shared.rules.test_comparing import BOOKS


@given(BOOKS)
def test_a_written_book_is_read_as_the_same(fields: dict[str, Any]) -> None:
    book = RuleBook.model_validate(fields | {"version": 1})
    reading = read_book(write_book(book))
    assert reading.book == book


def test_names_that_yaml_would_take_for_something_else_stay_what_they_are() -> None:
    fields = make_default_rule_book().model_dump(mode="json")
    for number, name in enumerate(("null", "- a: b", "限期 #1", '“引号"”', "{}")):
        rule = fields["rules"][0] | {"rule_id": name, "select": {"task": ["16.10", "0"]}}
        book = RuleBook.model_validate({"version": 1, "rules": [rule]})
        assert read_book(write_book(book)).book == book, number


def test_the_default_book_is_written_as_the_example_shows_it() -> None:
    example = Path("examples/rules.yaml").read_text("utf-8")
    written = "\n".join(line for line in example.splitlines() if not line.startswith("#"))
    assert write_book(make_default_rule_book()) == written + "\n"
