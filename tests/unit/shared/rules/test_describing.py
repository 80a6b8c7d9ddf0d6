"""A rule in words: one sentence for each moment and condition, in both languages."""

from typing import Any

import pytest

from shared.rules.book import Rule
from shared.rules.describing import RuleWords, describe_rule

MOMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "到期前 15、7 个工作日、到期当天": ({"type": "before-due", "working_days": [15, 7, 0]}, ""),
    "到期前 10 天，遇休息日提前": (
        {"type": "days-before", "days": [10]},
        "10 days before the date, or the working day before a day off",
    ),
    "到期当天，遇休息日不变": (
        {"type": "days-before", "days": [0], "convention": "as-is"},
        "on the date, also on a day off",
    ),
    "超期后每 3 个工作日一次、间隔逐次乘以 2、最多 5 次": (
        {"type": "after-due", "every_working_days": 3, "factor": 2, "limit": 5},
        "every 3 working days while overdue, each interval 2 times the one before, at most 5 times",
    ),
    "超期后每 7 天一次，遇休息日顺延": ({"type": "after-due", "every_days": 7}, ""),
    "2026-03-15（到期为止），遇休息日提前": ({"type": "dates", "dates": ["2026-03-15"]}, ""),
    "每周一、周四（超期后），遇休息日提前": (
        {"type": "weekly", "weekdays": ["monday", "thursday"], "span": "overdue"},
        "",
    ),
    "每月 1、倒数第 1 日（办结为止），遇休息日提前": (
        {"type": "monthly", "days": [1, -1], "span": "until-done"},
        "",
    ),
    "每月第 2 个工作日（到期为止）": ({"type": "nth-working-day", "numbers": [2]}, ""),
    "每季度第 3、倒数第 1 个工作日（到期为止）": (
        {"type": "nth-working-day", "numbers": [3, -1], "of": "quarter"},
        "",
    ),
    "按 cron 表达式 0 9 * * FRI#3（到期为止），遇休息日不变": (
        {"type": "cron", "expression": "0 9 * * FRI#3"},
        "by the cron expression 0 9 * * FRI#3 (until it is due), also on a day off",
    ),
    "新交办或改期后的第一个工作日": ({"type": "when-told"}, ""),
}


def describe(**fields: Any) -> RuleWords:
    written = {
        "rule_id": "r",
        "when": [{"type": "when-told"}],
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    return describe_rule(Rule.model_validate(written | fields))


@pytest.mark.parametrize(("sentence", "case"), MOMENTS.items(), ids=MOMENTS)
def test_each_moment_is_a_sentence(sentence: str, case: tuple[dict[str, Any], str]) -> None:
    when, english = case
    (phrase,) = describe(when=[when]).when
    assert phrase.chinese == sentence
    assert phrase.english == english or not english
    assert phrase.english.isascii()


def test_conditions_are_words_with_brackets_where_they_are_nested() -> None:
    select = {
        "kind": "deadline",
        "lead": True,
        "any": [{"light": "red"}, {"not": {"group": ["a", "b"]}}],
        "quantity": {"below": 50},
    }
    words = describe(select=select).select
    assert words is not None
    assert words.chinese == (
        "种类为限期，且本单位牵头，且完成不足 50%，且符合（亮灯为超期），"
        "或符合（不符合（单位分组为a、b））"
    )
    assert words.english == (
        "the kind is Deadline and the unit leads and less than 50% reached and "
        "(the light is Overdue) or (not (the unit is in the group a, b))"
    )


@pytest.mark.parametrize(
    ("step", "chinese", "english"),
    [
        ({}, "联络员", "Liaison"),
        (
            {"from_overdue": 4, "ends_with": "accepted"},
            "联络员（第 4 次超期提醒起、签收为止）",
            "Liaison (from overdue reminder 4 on, until it is accepted)",
        ),
        (
            {"from_overdue": 4, "ends_with": "progress", "within_days": 7},
            "联络员（第 4 次超期提醒起、7 天内有进展则不提醒）",
            "Liaison (from overdue reminder 4 on, unless there was progress within 7 days)",
        ),
        ({"of": "lead-unit"}, "牵头单位的联络员", "Liaison of the leading unit"),
        (
            {"audience": "head", "from_overdue": 7, "inhibits": ["liaison", "deputy"]},
            "主要负责人（第 7 次超期提醒起），同一时点不再提醒联络员、分管领导",
            "Head (from overdue reminder 7 on); Liaison, Deputy are not reminded at the same time",
        ),
    ],
)
def test_each_step_says_who_and_from_when(step: dict[str, Any], chinese: str, english: str) -> None:
    (phrase,) = describe(who=[{"audience": "liaison"} | step]).who
    assert (phrase.chinese, phrase.english) == (chinese, english)


def test_the_way_of_sending_is_said_where_a_rule_has_one() -> None:
    assert describe().how is None
    how = describe(how={"order": "in-order", "answer_within_hours": 2, "daily_limit": 3}).how
    assert how is not None
    assert how.chinese == "依次发送、2 小时未答复换下一渠道、每人每天最多 3 条"
    assert (
        how.english
        == "one channel after the other, the next one after 2 hours, at most 3 a day each"
    )
