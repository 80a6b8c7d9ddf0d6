"""The form of a rule book: what it begins with, and what is read from it."""

from typing import Any

import pytest

from services.console.pages.rule_form import TEMPLATES, begin_form, list_fields, read_form_book
from services.console.shell.forms import Form
from shared.rules.book import RuleBook
from shared.rules.defaults import make_default_rule_book
from shared.rules.reading import read_book
from shared.rules.writing import write_book

BOOK = make_default_rule_book()
SPECIAL = {
    "rule_id": "special",
    "select": {"lead": True},
    "when": [
        {"type": "monthly", "days": [-1]},
        {"type": "before-due", "working_days": [3]},
        {"type": "before-due", "working_days": [9]},
    ],
    "at": "09:00:30",
    "who": [
        {"audience": "liaison", "of": "office"},
        {"audience": "deputy", "of": "lead-unit"},
        {"audience": "liaison", "of": "lead-unit"},
        {"audience": "head", "from_overdue": 2},
        {"audience": "head", "from_overdue": 5, "ends_with": "accepted"},
    ],
    "channels": ["sms", "email"],
}


def translate(text: str, **values: object) -> str:
    return text % values if values else text


def fill(book: RuleBook, **changes: str | list[str]) -> RuleBook | Form:
    form = begin_form(book)
    values = {name: list(held) for name, held in form.values.items()}
    values |= {k: v if isinstance(v, list) else [v] for k, v in changes.items()}
    return read_form_book(translate, Form(values), book)


@pytest.mark.parametrize(
    "book",
    [BOOK, RuleBook.model_validate({"version": 1, "rules": [SPECIAL]})],
    ids=["default", "special"],
)
def test_a_form_that_nobody_changed_is_the_same_book(book: RuleBook) -> None:
    assert fill(book) == book


def test_what_the_form_has_no_field_for_is_named_and_stays() -> None:
    book = RuleBook.model_validate({"version": 1, "rules": [SPECIAL]})
    (fields,) = list_fields(book)
    assert [each.chinese for each in fields.others] == [
        "每月 倒数第 1 日（到期为止），遇休息日提前",
        "到期前 9 个工作日",
    ]
    assert [each.chinese for each in fields.steps] == [
        "牵头单位的联络员",
        "主要负责人（第 5 次超期提醒起、签收为止）",
    ]
    changed = fill(book, **{"rule-0-days": "5", "rule-0-who": ["deputy"]})
    assert isinstance(changed, RuleBook)
    rule = changed.rules[0]
    assert [each.type for each in rule.when] == ["monthly", "before-due", "before-due"]
    assert [(each.audience, each.of) for each in rule.who] == [
        ("deputy", "lead-unit"),
        ("liaison", "lead-unit"),
        ("head", None),
    ]
    assert rule.select == book.rules[0].select


def test_whose_post_hears_is_chosen_for_each_post() -> None:
    changed = fill(BOOK, **{"rule-0-of-deputy": "lead-unit"})
    assert isinstance(changed, RuleBook)
    assert [(each.audience, each.of) for each in changed.rules[0].who] == [
        ("liaison", None),
        ("deputy", "lead-unit"),
        ("head", None),
    ]
    assert fill(changed, **{"rule-0-of-deputy": "unit"}) == BOOK


def test_rules_are_added_with_a_name_of_their_own_and_removed() -> None:
    changed = fill(BOOK, **{"template": "deadline", "rule-1-remove": ["yes"]})
    assert isinstance(changed, RuleBook)
    assert [rule.rule_id for rule in changed.rules] == ["deadline", "deadline-2"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_a_sound_rule(name: str) -> None:
    added = fill(BOOK, template=name)
    assert isinstance(added, RuleBook)
    reading = read_book(write_book(added))
    assert (reading.book, reading.problems) == (added, ())


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("rule-0-days", "七天"),
        ("rule-0-days", "300"),
        ("rule-0-every", "0"),
        ("rule-0-at", "9点"),
        ("rule-0-who", []),
        ("rule-0-channels", []),
        ("rule-0-from-deputy", "-1"),
        ("rule-0-of-deputy", "county"),
        ("near_working_days", ""),
    ],
)
def test_what_cannot_be_read_is_marked_at_its_field(field: str, typed: Any) -> None:
    form = fill(BOOK, **{field: typed})
    assert isinstance(form, Form)
    assert set(form.errors) == {field}


def test_a_rule_without_any_moment_is_marked() -> None:
    form = fill(BOOK, **{"rule-0-days": "", "rule-0-every": "", "rule-0-told": []})
    assert isinstance(form, Form)
    assert set(form.errors) == {"rule-0-days"}
