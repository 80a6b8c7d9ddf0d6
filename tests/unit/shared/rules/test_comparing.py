"""What two books differ in: one sentence a case, in both languages."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.rules.book import RuleBook
from shared.rules.comparing import list_changes

BEFORE: dict[str, Any] = {
    "version": 4,
    "timezone": "Asia/Shanghai",
    "near_working_days": 15,
    "rules": [
        {
            "rule_id": "限期提醒",
            "kinds": ["deadline"],
            "when": [{"type": "before-due", "working_days": [15, 7]}],
            "at": "09:00",
            "who": [{"audience": "liaison"}],
            "channels": ["email"],
        }
    ],
}
RULE = BEFORE["rules"][0]
OTHER = RULE | {"rule_id": "二", "when": [{"type": "when-told"}]}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "时区由 Asia/Shanghai 改为 Asia/Urumqi": (
        {"timezone": "Asia/Urumqi"},
        {},
        "Time zone changed from Asia/Shanghai to Asia/Urumqi",
    ),
    "临期由到期前 15 个工作日改为到期前 10 个工作日": (
        {"near_working_days": 10},
        {},
        "Near changed from 15 working days before the date to 10 working days before the date",
    ),
    "规则“限期提醒”：提前量由 15、7 个工作日改为 15、7、3 个工作日": (
        {},
        {"when": [{"type": "before-due", "working_days": [15, 7, 3]}]},
        "Rule “限期提醒”: working days before the date changed from 15, 7 to 15, 7, 3",
    ),
    "规则“限期提醒”：提前量由 15、7 个工作日改为当天": (
        {},
        {"when": [{"type": "before-due", "working_days": [0]}]},
        "",
    ),
    "规则“限期提醒”：新增时机：超期后每 3 个工作日一次": (
        {},
        {"when": [*RULE["when"], {"type": "while-overdue", "every_working_days": 3}]},
        "Rule “限期提醒”: new moment: every 3 working days while overdue",
    ),
    "规则“限期提醒”：时刻由 09:00 改为 08:30": (
        {},
        {"at": "08:30"},
        "Rule “限期提醒”: time of day changed from 09:00 to 08:30",
    ),
    "规则“限期提醒”：时刻由 09:00 改为 09:00 Asia/Urumqi": (
        {},
        {"timezone": "Asia/Urumqi"},
        "",
    ),
    "规则“限期提醒”：适用事项由限期改为限期、听取汇报": (
        {},
        {"kinds": ["deadline", "hearing"]},
        "Rule “限期提醒”: for changed from Deadline to Deadline, Hearing",
    ),
    "规则“限期提醒”：条件由无改为本单位牵头": (
        {},
        {"select": {"lead": True}},
        "Rule “限期提醒”: condition changed from none to the unit leads",
    ),
    "规则“限期提醒”：提醒对象由联络员改为联络员、分管领导（第 4 次超期提醒起）": (
        {},
        {"who": [{"audience": "liaison"}, {"audience": "deputy", "from_overdue": 4}]},
        "",
    ),
    "规则“限期提醒”：方式由邮件改为邮件、短信": (
        {},
        {"channels": ["email", "sms"]},
        "Rule “限期提醒”: channels changed from Mail to Mail, Short message",
    ),
    "规则“限期提醒”：漏发后补发由只补最近一次改为不补": ({}, {"catch_up": "skip"}, ""),
    "规则“限期提醒”：发送由无改为立即发送": ({}, {"how": {"urgency": "urgent"}}, ""),
    "新增规则“二”：限期事项，新交办或改期后的第一个工作日，09:00，邮件发给联络员": (
        {"rules": [RULE, OTHER]},
        {},
        "",
    ),
    "删除规则“限期提醒”": ({"rules": []}, {}, "Rule “限期提醒” is removed"),
}


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    changes = list_changes(RuleBook.model_validate(before), RuleBook.model_validate(after))
    return [(change.sentence.chinese, change.sentence.english) for change in changes]


@pytest.mark.parametrize(("sentence", "case"), CASES.items(), ids=CASES)
def test_each_difference_is_a_sentence(
    sentence: str, case: tuple[dict[str, Any], dict[str, Any], str]
) -> None:
    of_book, of_rule, english = case
    after = deepcopy(BEFORE) | of_book
    if of_rule:
        after["rules"] = [RULE | of_rule]
    ((chinese, translated),) = compare(BEFORE, after)
    assert chinese == sentence
    assert translated == english or not english


def test_moments_whose_words_are_the_same_are_told_apart_by_their_fields() -> None:
    growing = {"type": "after-due", "every_days": 1, "factor": 2, "longest": 8}
    before = BEFORE | {"rules": [RULE | {"when": [growing]}]}
    after = BEFORE | {"rules": [RULE | {"when": [growing | {"longest": 16}]}]}
    ((chinese, _english),) = compare(before, after)
    assert chinese == "规则“限期提醒”：时机由 longest: 8 改为 longest: 16"


def test_a_change_of_a_newer_release_is_not_passed_over() -> None:
    ((chinese, _english),) = compare(BEFORE, BEFORE | {"rules": [RULE | {"later": 1}]})
    assert chinese == "规则“限期提醒”：有本版本不认识的改动"


MOMENTS = st.sampled_from(
    [
        {"type": "before-due", "working_days": [15, 7]},
        {"type": "before-due", "working_days": [3]},
        {"type": "when-told"},
        {"type": "while-overdue", "every_working_days": 3},
        {"type": "after-due", "every_days": 7},
        {"type": "after-due", "every_days": 7, "convention": "as-is"},
        {"type": "weekly", "weekdays": ["monday"], "span": "overdue"},
        {"type": "monthly", "days": [1, -1]},
    ]
)
RULES = st.fixed_dictionaries(
    {
        "rule_id": st.sampled_from(["甲", "乙", "丙"]),
        "kinds": st.lists(st.sampled_from(["deadline", "hearing"]), min_size=1, unique=True),
        "when": st.lists(MOMENTS, min_size=1, max_size=3, unique_by=str),
        "at": st.sampled_from(["09:00", "08:30", "08:30:15"]),
        "who": st.lists(
            st.fixed_dictionaries(
                {
                    "audience": st.sampled_from(["liaison", "deputy"]),
                    "from_overdue": st.sampled_from([0, 4]),
                }
            ),
            min_size=1,
            max_size=2,
        ),
        "channels": st.lists(st.sampled_from(["email", "sms"]), min_size=1, unique=True),
        "select": st.sampled_from([None, {"lead": True}, {"light": "red"}]),
        "catch_up": st.sampled_from(["latest", "skip"]),
    }
)
BOOKS = st.fixed_dictionaries(
    {
        "version": st.integers(1, 3),
        "timezone": st.sampled_from(["Asia/Shanghai", "Asia/Urumqi"]),
        "near_working_days": st.sampled_from([10, 15]),
        "rules": st.lists(RULES, max_size=3, unique_by=lambda rule: rule["rule_id"]),
    }
)


def list_what_matters(book: RuleBook) -> object:
    """A book without its version and without orders that say nothing."""
    rules = {
        rule.rule_id: (
            rule.model_copy(update={"kinds": (), "when": ()}),
            set(rule.kinds),
            {str(when) for when in rule.when},
        )
        for rule in book.rules
    }
    return book.timezone, book.near_working_days, rules


@given(BOOKS, BOOKS)
def test_books_differ_in_words_when_they_differ_in_what_they_do(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    before, after = RuleBook.model_validate(first), RuleBook.model_validate(second)
    assert list_changes(before, before) == []
    assert bool(list_changes(before, after)) == (
        list_what_matters(before) != list_what_matters(after)
    )
