"""What two rule books differ in, as sentences: Chinese and English. Pure.

Rules are the same when their `rule_id` is. Their order says nothing: every rule is applied.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.rules.base import RuleModel
from shared.rules.book import Rule, RuleBook
from shared.rules.describing import RuleWords, describe_rule, describe_when
from shared.rules.moments import BeforeDue, When, WhileOverdue
from shared.rules.names import CATCH_UPS
from shared.rules.phrases import Phrase, join, join_values, say

_NONE = Phrase("无", "none")


@dataclass(frozen=True, slots=True)
class BookChange:
    """One difference; `rule_id` is empty where it concerns the whole book."""

    rule_id: str
    sentence: Phrase


def list_changes(before: RuleBook, after: RuleBook) -> list[BookChange]:
    """What is different in `after`; versions are not compared.

    First what concerns the whole book, then the rules in the order of `after`, then what is gone.
    """
    changes = [BookChange("", sentence) for sentence in _compare_books(before, after)]
    earlier = {rule.rule_id: rule for rule in before.rules}
    later = {rule.rule_id for rule in after.rules}
    for rule in after.rules:
        name = rule.rule_id
        known = earlier.get(name)
        if known is None:
            words = _summarise(describe_rule(rule))
            sentence = say(
                "新增规则“{name}”：{words}", "New rule “{name}”: {words}", name=name, words=words
            )
            changes.append(BookChange(name, sentence))
        else:
            changes += [
                BookChange(name, _name_rule(name, words)) for words in _compare_rules(known, rule)
            ]
    for name in earlier:
        if name not in later:
            sentence = say("删除规则“{name}”", "Rule “{name}” is removed", name=name)
            changes.append(BookChange(name, sentence))
    return changes


def _name_rule(name: str, words: Phrase) -> Phrase:
    return say("规则“{name}”：{words}", "Rule “{name}”: {words}", name=name, words=words)


def _compare_books(before: RuleBook, after: RuleBook) -> Iterator[Phrase]:
    if before.timezone != after.timezone:
        yield _say_change(
            Phrase("时区", "Time zone"),
            Phrase(before.timezone, before.timezone),
            Phrase(after.timezone, after.timezone),
        )
    if before.near_working_days != after.near_working_days:
        yield _say_change(
            Phrase("临期", "Near"),
            *(
                say("到期前 {days} 个工作日", "{days} working days before the date", days=days)
                for days in (before.near_working_days, after.near_working_days)
            ),
        )
    if (before.model_extra or {}) != (after.model_extra or {}):
        yield Phrase("有本版本不认识的改动", "There is a change that this release does not know")


def _compare_rules(before: Rule, after: Rule) -> Iterator[Phrase]:
    earlier, later = describe_rule(before), describe_rule(after)
    if set(before.kinds) != set(after.kinds):
        yield _say_change(Phrase("适用事项", "for"), earlier.kinds, later.kinds)
    if before.select != after.select:
        first, second = earlier.select or _NONE, later.select or _NONE
        yield _say_change(Phrase("条件", "condition"), first, second)
    yield from _compare_moments(before, after)
    if (before.at, before.timezone) != (after.at, after.timezone):
        yield _say_change(
            Phrase("时刻", "time of day"),
            Phrase(earlier.at, earlier.at),
            Phrase(later.at, later.at),
        )
    if before.who != after.who:
        yield _say_change(Phrase("提醒对象", "who hears"), join(earlier.who), join(later.who))
    if before.channels != after.channels:
        yield _say_change(Phrase("方式", "channels"), earlier.channels, later.channels)
    if before.how != after.how:
        yield _say_change(Phrase("发送", "sent"), earlier.how or _NONE, later.how or _NONE)
    if before.catch_up != after.catch_up:
        yield _say_change(
            Phrase("漏发后补发", "after an outage"),
            CATCH_UPS[before.catch_up],
            CATCH_UPS[after.catch_up],
        )
    if (before.model_extra or {}) != (after.model_extra or {}):
        yield Phrase("有本版本不认识的改动", "there is a change that this release does not know")


def _compare_moments(before: Rule, after: Rule) -> Iterator[Phrase]:
    """Moments that are gone, and new ones; one of each type is the same moment, changed."""
    gone = [when for when in before.when if when not in after.when]
    new = [when for when in after.when if when not in before.when]
    for when in new:
        alike = [each for each in gone if each.type == when.type]
        if alike:
            gone.remove(alike[0])
            yield _compare_moment(alike[0], when)
        else:
            yield say("新增时机：{when}", "new moment: {when}", when=describe_when(when))
    for when in gone:
        yield say("删除时机：{when}", "moment removed: {when}", when=describe_when(when))


def _compare_moment(before: When, after: When) -> Phrase:
    match before, after:
        case BeforeDue(), BeforeDue():
            return _say_change(
                Phrase("提前量", "working days before the date"),
                *(_list_days(each.working_days) for each in (before, after)),
            )
        case WhileOverdue(), WhileOverdue():
            chinese, english = "每 {days} 个工作日一次", "every {days} working days"
            return _say_change(
                Phrase("超期后", "while overdue"),
                *(say(chinese, english, days=each.every_working_days) for each in (before, after)),
            )
        case _:
            earlier, later = describe_when(before), describe_when(after)
            if earlier == later:
                earlier, later = (_list_fields(each, before, after) for each in (before, after))
            return _say_change(Phrase("时机", "moment"), earlier, later)


def _list_days(days: tuple[int, ...]) -> Phrase:
    """15、7 个工作日、当天."""
    before = join_values(day for day in days if day)
    parts = [say("{days} 个工作日", "{days}", days=before)] if before.chinese else []
    return join([*parts, *([Phrase("当天", "0")] if 0 in days else [])])


def _list_fields(shown: RuleModel, before: RuleModel, after: RuleModel) -> Phrase:
    """The differing fields of a moment by their names, where its words do not tell them apart."""
    names = [*type(shown).model_fields, *(shown.model_extra or {})]
    return join_values(
        f"{name}: {getattr(shown, name)}"
        for name in names
        if getattr(before, name, None) != getattr(after, name, None)
    )


def _summarise(words: RuleWords) -> Phrase:
    """A whole rule as one sentence."""
    return say(
        "{kinds}事项{select}，{when}，{at}，{channels}发给{who}",
        "{kinds}{select}, {when}, at {at}, by {channels} to {who}",
        kinds=words.kinds,
        select=say("（{select}）", " ({select})", select=words.select) if words.select else "",
        when=join(words.when, "；", "; "),
        at=words.at,
        channels=words.channels,
        who=join(words.who),
    )


def _say_change(what: Phrase, before: Phrase, after: Phrase) -> Phrase:
    return say(
        "{what}由{before}改为{after}",
        "{what} changed from {before} to {after}",
        what=what,
        before=_set_apart(before),
        after=Phrase(_set_apart(after).chinese.rstrip(), after.english),
    )


def _set_apart(phrase: Phrase) -> Phrase:
    """A part of a Chinese sentence: a blank before and after what is not Chinese."""
    text = phrase.chinese
    left, right = " " if text[:1].isascii() else "", " " if text[-1:].isascii() else ""
    return Phrase(f"{left}{text}{right}", phrase.english)
