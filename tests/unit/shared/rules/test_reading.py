"""A book's text: what is read, and what is said about what is wrong, with line and column."""

import json
from datetime import date, time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from deploy import rules_schema
from shared.api.problems import choose_part
from shared.rules.defaults import make_default_rule_book
from shared.rules.reading import read_book
from shared.rules.schema import build_schema
from shared.rules.selecting import Select
from shared.schemas.rules import ObligationKind

EXAMPLE = Path("examples/rules.yaml")
RULE = """\
rules:
  - rule_id: 限期
    when: [{type: when-told}]
    who: [{audience: liaison}]
    channels: [email]
"""
TODAY = date(2026, 11, 28)


def tell(text: str) -> list[tuple[int, int, str]]:
    return [(p.mark.line, p.mark.column, p.code) for p in read_book(text, TODAY).problems]


def test_the_default_book_as_text_is_the_default_book() -> None:
    reading = read_book(EXAMPLE.read_text(encoding="utf-8"))
    assert reading.problems == ()
    assert reading.book == make_default_rule_book()


@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_a_book_as_json_is_read_too(indent: Any) -> None:
    written = json.dumps(make_default_rule_book().model_dump(mode="json"), indent=indent)
    reading = read_book(written)
    assert reading.problems == ()
    assert reading.book == make_default_rule_book()


def test_words_of_yaml_1_1_are_what_is_written() -> None:
    """`no` is no truth, 09:00 no number in base 60, and 16.10 no 16.1."""
    book = read_book(
        RULE
        + """\
    at: 9:00
    select: {task: [16.10, 008], category: no, unit: 1e3, lead: no}
"""
    ).book
    assert book is not None
    rule = book.rules[0]
    assert rule.at == time(9)
    assert rule.select == Select(task=("16.10", "008"), category=("no",), unit=("1e3",), lead=False)
    assert rule.kinds == tuple(ObligationKind)


WRONG = {
    "nothing": ("", [(1, 1, "empty")]),
    "a list": ("- a\n", [(1, 1, "wrong-type")]),
    "a tab": ("rules:\n\t- a\n", [(2, 1, "syntax")]),
    "an open bracket": ("rules: [\n", [(2, 1, "syntax")]),
    "JSON with a missing comma": ('{"rules": []\n "a": 1}', [(2, 2, "syntax")]),
    "two documents": (RULE + "---\n" + RULE, [(6, 1, "documents")]),
    "an anchor": ("rules: &all []\n", [(1, 8, "anchor")]),
    "an alias": ("rules: *all\n", [(1, 8, "anchor")]),
    "a tag": ("rules: !!python/object:os.system []\n", [(1, 8, "tag")]),
    "a key that is a list": ("? [a]\n: b\n", [(1, 3, "key")]),
    "a key twice": (RULE + "    channels: [sms]\n", [(6, 5, "duplicate-key")]),
    "a control character": ("rules: \x01", [(1, 1, "character")]),
    "an unknown key": (RULE + "    chanels: [sms]\n", [(6, 5, "unknown-key")]),
    "an unknown key of a moment": (
        RULE.replace("type: when-told", "type: weekly, weekdays: [monday], spam: overdue"),
        [(3, 47, "unknown-key")],
    ),
    "no moment, and a key of the book": (
        "rules:\n  - rule_id: a\n    who: [{audience: head}]\n    channels: [sms]\nzone: x\n",
        [(2, 5, "missing"), (5, 1, "unknown-key")],
    ),
    "an unknown moment": (RULE.replace("when-told", "when-heard"), [(3, 19, "unknown-value")]),
    "a moment without a type": (RULE.replace("type: when-told", "a: 1"), [(3, 12, "missing")]),
    "an unknown post": (RULE.replace("liaison", "chief"), [(4, 22, "unknown-value")]),
    "a word where a list belongs": (
        RULE.replace("[email]", "email"),
        [(5, 15, "wrong-type")],
    ),
    "a time without a colon": (RULE + "    at: 0900\n", [(6, 9, "invalid")]),
    "an hour that is not": (RULE + "    at: 25:00\n", [(6, 9, "wrong-type")]),
    "a zone that is not": (RULE + "timezone: Asia/Peking\n", [(6, 11, "invalid")]),
    "a name twice": (RULE + RULE.replace("rules:\n", ""), [(6, 14, "duplicate-name")]),
    "too many working days": (
        RULE.replace("type: when-told", "type: before-due, working_days: [300]"),
        [(3, 46, "out-of-bounds")],
    ),
    "a date without hyphens": (
        RULE.replace("type: when-told", "type: dates, dates: [1699920000]"),
        [(3, 34, "invalid")],
    ),
    "cron of no date": (
        RULE.replace("type: when-told", 'type: cron, expression: "0 9 30 2 *"'),
        [(3, 37, "invalid")],
    ),
}


@pytest.mark.parametrize(("text", "problems"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_has_its_place(text: str, problems: list[tuple[int, int, str]]) -> None:
    assert tell(text) == problems


def test_a_problem_is_told_in_chinese_and_english_with_the_nearest_word() -> None:
    (problem,) = read_book(RULE + "    chanels: [sms]\n").problems
    assert problem.path == "rules.0.chanels"
    assert choose_part(problem.message, "zh") == "没有 chanels 这一项。"
    assert choose_part(problem.message, "en") == "There is no key chanels."
    assert choose_part(problem.hint, "zh") == "是不是 channels？"
    assert choose_part(problem.hint, "en") == "Did you mean channels?"


@pytest.mark.parametrize("text", [text for text, _ in WRONG.values()])
def test_every_text_of_a_problem_has_both_languages(text: str) -> None:
    for problem in read_book(text).problems:
        for words in filter(None, (problem.message, problem.hint)):
            chinese, english = choose_part(words, "zh"), choose_part(words, "en")
            assert chinese != words
            assert words.startswith(chinese)
            assert words.endswith(english)


def test_bombs_are_refused_before_they_are_composed() -> None:
    laughs = 'a: &a ["x"]\n' + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(99))
    assert tell(laughs) == [(1, 4, "anchor")]
    assert tell("[" * 10_000) == [(1, 41, "too-deep")]
    assert tell("a" * 1_000_001) == [(1, 1, "too-long")]


SNIPPETS = st.lists(
    st.sampled_from(
        [
            *"{}[]:,-&*!|>\"'#%@`\n \t",
            "rules",
            "when",
            "type",
            "a",
            "0",
            "09:00",
            "\ud83d",
            "é",
            "\\",
        ]
    ),
    max_size=40,
).map("".join)


@given(st.one_of(st.text(max_size=60), SNIPPETS))
@example("{")
@example('"\\ud83d"')
@example("!!binary a")
@example("%YAML 3.0\n---\na")
def test_any_text_is_answered_with_problems_or_a_book(text: str) -> None:
    reading = read_book(text)
    assert reading.problems or reading.book
    lines = text.count("\n") + 2 + text.count("\r") + text.count("\x85") + text.count("\u2028")
    assert all(
        1 <= problem.mark.line <= lines + text.count("\u2029") for problem in reading.problems
    )


def test_the_stored_schema_is_that_of_the_language() -> None:
    assert rules_schema.PLACE.read_text("utf-8") == rules_schema.render(), "run `make schema`"
    jsonschema.Draft202012Validator.check_schema(build_schema())


def test_the_schema_accepts_what_is_read_and_refuses_what_has_unknown_keys_or_words() -> None:
    validator = jsonschema.Draft202012Validator(build_schema())
    book = yaml.safe_load(EXAMPLE.read_text("utf-8").replace("09:00", "'09:00'"))
    validator.validate(book)
    for fields in (
        {"select": {"not": {"all": [{"kind": "deadline"}, {"light": ["red"]}]}}},
        {"when": [{"type": "monthly", "days": [1, -1], "span": "until-done"}]},
    ):
        validator.validate({"rules": [book["rules"][0] | fields]})
    for fields in (
        {"chanels": ["sms"]},
        {"select": {"kinds": "deadline"}},
        {"select": {"kind": "task"}},
        {"when": [{"type": "when-heard"}]},
        {"who": [{"audience": "chief"}]},
        {"at": "0900"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({"rules": [book["rules"][0] | fields]})


@pytest.mark.parametrize(
    ("who", "sound"),
    [
        ("{audience: head, inhibits: [liaison, deputy]}", True),
        ("{audience: deputy, inhibits: [head]}", False),
        ("{audience: liaison, inhibits: [liaison]}", False),
        ("{audience: head, inhibits: []}", False),
    ],
)
def test_a_post_leaves_out_lower_posts_alone(who: str, sound: bool) -> None:
    text = RULE.replace("{audience: liaison}", who)
    assert (read_book(text, TODAY).problems == ()) is sound
