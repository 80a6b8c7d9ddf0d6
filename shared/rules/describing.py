"""A rule in words: for what, when, to whom, how. Chinese and English. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from shared.rules.book import ChannelOrder, How, Rule, Step, Urgency
from shared.rules.moments import (
    WEEKDAYS,
    AfterDue,
    BeforeDue,
    Convention,
    Cron,
    Cycle,
    DaysBefore,
    GivenDates,
    Monthly,
    NthWorkingDay,
    OnDates,
    Repeated,
    Span,
    Weekly,
    When,
    WhenTold,
    WhileOverdue,
)
from shared.rules.names import CHANNELS, ENDS, KINDS, LIGHTS, OWNERS, POSTS, STATUSES, WEEKDAY_NAMES
from shared.rules.phrases import Phrase, join, join_values, say
from shared.rules.selecting import Reached, Select

_CONVENTIONS = {
    Convention.AS_IS: ("{moment}，遇休息日不变", "{moment}, also on a day off"),
    Convention.PREVIOUS: (
        "{moment}，遇休息日提前",
        "{moment}, or the working day before a day off",
    ),
    Convention.NEXT: ("{moment}，遇休息日顺延", "{moment}, or the working day after a day off"),
}
_SPANS = {
    Span.UNTIL_DUE: ("{moment}（到期为止）", "{moment} (until it is due)"),
    Span.OVERDUE: ("{moment}（超期后）", "{moment} (while overdue)"),
    Span.UNTIL_DONE: ("{moment}（办结为止）", "{moment} (until it is done)"),
}
_NTH = {
    Cycle.MONTH: ("每月{numbers} 个工作日", "working day {numbers} of each month"),
    Cycle.QUARTER: ("每季度{numbers} 个工作日", "working day {numbers} of each quarter"),
}
_NAMED_CONDITIONS: Mapping[str, tuple[str, str, Mapping[str, Phrase]]] = {
    "kind": ("种类为{values}", "the kind is {values}", KINDS),
    "category": ("类别为{values}", "the category is {values}", {}),
    "task": ("序号为{values}", "the number is {values}", {}),
    "unit": ("单位为{values}", "the unit is {values}", {}),
    "unit_kind": ("单位类型为{values}", "the unit's kind is {values}", {}),
    "group": ("单位分组为{values}", "the unit is in the group {values}", {}),
    "light": ("亮灯为{values}", "the light is {values}", LIGHTS),
    "status": ("状态为{values}", "the status is {values}", STATUSES),
}


@dataclass(frozen=True, slots=True)
class RuleWords:
    """A rule in words; `name` is its `rule_id`, `select` None for a rule without conditions."""

    name: str
    kinds: Phrase
    select: Phrase | None
    when: tuple[Phrase, ...]
    at: str
    who: tuple[Phrase, ...]
    channels: Phrase
    how: Phrase | None


def describe_rule(rule: Rule) -> RuleWords:
    """A rule in words."""
    return RuleWords(
        name=rule.rule_id,
        kinds=join(KINDS[kind] for kind in rule.kinds),
        select=describe_select(rule.select) if rule.select else None,
        when=tuple(map(describe_when, rule.when)),
        at=f"{rule.at:%H:%M} {rule.timezone or ''}".strip(),
        who=tuple(map(describe_step, rule.who)),
        channels=join(CHANNELS[channel] for channel in rule.channels),
        how=describe_how(rule.how) if rule.how and rule.how != How() else None,
    )


def describe_select(select: Select) -> Phrase:
    """Conditions in words; those within others in brackets."""
    return join(_list_conditions(select), "，且", " and ")


def _list_conditions(select: Select) -> Iterable[Phrase]:
    for field, (chinese, english, names) in _NAMED_CONDITIONS.items():
        if values := getattr(select, field):
            named = join(names.get(value, Phrase(value, value)) for value in values)
            yield say(chinese, english, values=named)
    if select.lead is not None:
        lead, support = (
            Phrase("本单位牵头", "the unit leads"),
            Phrase("本单位配合", "it takes part"),
        )
        yield lead if select.lead else support
    if select.quantity is not None:
        yield _describe_reached(select.quantity)
    yield from map(_wrap_conditions, select.all or ())
    if select.any:
        yield join(map(_wrap_conditions, select.any), "，或", " or ")
    if select.not_:
        conditions = describe_select(select.not_)
        yield say("不符合（{conditions}）", "not ({conditions})", conditions=conditions)


def _wrap_conditions(select: Select) -> Phrase:
    return say("符合（{conditions}）", "({conditions})", conditions=describe_select(select))


def _describe_reached(bounds: Reached) -> Phrase:
    parts = []
    if (share := bounds.at_least) is not None:
        parts.append(say("完成不低于 {share}%", "at least {share}% reached", share=f"{share:g}"))
    if (share := bounds.below) is not None:
        parts.append(say("完成不足 {share}%", "less than {share}% reached", share=f"{share:g}"))
    return join(parts, "，且", " and ")


def describe_when(when: When) -> Phrase:
    """A moment with what becomes of a day off, where that is not of its nature."""
    moment = _describe_moment(when)
    if isinstance(when, AfterDue) and when.every_working_days:
        return moment
    convention = getattr(when, "convention", None)
    return say(*_CONVENTIONS[convention], moment=moment) if convention else moment


def _describe_moment(when: When) -> Phrase:
    match when:
        case BeforeDue() | DaysBefore():
            return _describe_before(when)
        case OnDates(days=named):
            days = join_values(named)
            return say("到期年份的 {days}", "{days} of the date's year", days=days)
        case WhileOverdue(every_working_days=every):
            return _describe_working_days(every)
        case WhenTold():
            return Phrase(
                "新交办或改期后的第一个工作日", "on the first working day after it is new or moved"
            )
        case AfterDue():
            return _describe_after(when)
        case GivenDates() | Weekly() | Monthly() | NthWorkingDay() | Cron():
            return say(*_SPANS[when.span], moment=_describe_repeated(when))
        case _:
            assert_never(when)


def _describe_before(when: BeforeDue | DaysBefore) -> Phrase:
    days = when.days if isinstance(when, DaysBefore) else when.working_days
    before = join_values(day for day in days if day)
    sentences = []
    if before.chinese and isinstance(when, DaysBefore):
        sentences.append(say("到期前 {days} 天", "{days} days before the date", days=before))
    elif before.chinese:
        sentences.append(
            say("到期前 {days} 个工作日", "{days} working days before the date", days=before)
        )
    if 0 in days:
        sentences.append(Phrase("到期当天", "on the date"))
    return join(sentences)


def _describe_working_days(every: int) -> Phrase:
    return say(
        "超期后每 {days} 个工作日一次", "every {days} working days while overdue", days=every
    )


def _describe_after(when: AfterDue) -> Phrase:
    parts = [
        _describe_working_days(when.every_working_days)
        if when.every_working_days
        else say("超期后每 {days} 天一次", "every {days} days while overdue", days=when.every_days)
    ]
    if when.factor > 1:
        chinese, english = "间隔逐次乘以 {factor}", "each interval {factor} times the one before"
        parts.append(say(chinese, english, factor=when.factor))
    if when.limit:
        parts.append(say("最多 {limit} 次", "at most {limit} times", limit=when.limit))
    return join(parts)


def _describe_repeated(when: Repeated) -> Phrase:
    match when:
        case GivenDates(dates=dates):
            return join_values(dates)
        case Weekly(weekdays=weekdays):
            names = join(WEEKDAY_NAMES[WEEKDAYS.index(each)] for each in weekdays)
            return say("每{days}", "each {days}", days=names)
        case Monthly(days=days):
            return say("每月 {days} 日", "day {days} of each month", days=_count_back(days, "{}"))
        case NthWorkingDay(numbers=numbers):
            return say(*_NTH[when.of], numbers=_count_back(numbers, "第 {}"))
        case Cron(expression=expression):
            chinese, english = "按 cron 表达式 {written}", "by the cron expression {written}"
            return say(chinese, english, written=expression)
        case _:
            assert_never(when)


def _count_back(numbers: Iterable[int], forward: str) -> Phrase:
    """Numbers, of which negative ones count from the end; `forward` says the others in Chinese."""
    return join(
        Phrase(forward.format(each), str(each))
        if each > 0
        else Phrase(f"倒数第 {-each}", f"{-each} from the end")
        for each in numbers
    )


def describe_step(step: Step) -> Phrase:
    """Who hears of it, and from when until what."""
    post = POSTS[step.audience]
    if step.of is not None:
        post = say("{owner}的{post}", "{post} of {owner}", owner=OWNERS[step.of], post=post)
    notes = []
    if step.from_overdue:
        chinese, english = "第 {count} 次超期提醒起", "from overdue reminder {count} on"
        notes.append(say(chinese, english, count=step.from_overdue))
    if step.within_days is not None:
        chinese, english = (
            "{days} 天内有进展则不提醒",
            "unless there was progress within {days} days",
        )
        notes.append(say(chinese, english, days=step.within_days))
    elif step.ends_with is not None:
        notes.append(say("{end}为止", "until {end}", end=ENDS[step.ends_with]))
    if notes:
        post = say("{post}（{notes}）", "{post} ({notes})", post=post, notes=join(notes))
    if not step.inhibits:
        return post
    return say(
        "{post}，同一时点不再提醒{others}",
        "{post}; {others} are not reminded at the same time",
        post=post,
        others=join(POSTS[each] for each in step.inhibits),
    )


def describe_how(how: How) -> Phrase:
    """In which way it is sent; what is not named is as the office's settings have it."""
    parts = []
    if how.order is ChannelOrder.IN_ORDER:
        parts.append(Phrase("依次发送", "one channel after the other"))
    elif how.order is ChannelOrder.TOGETHER:
        parts.append(Phrase("同时发送", "on all channels at once"))
    if (hours := how.answer_within_hours) is not None:
        parts.append(
            say("{hours} 小时未答复换下一渠道", "the next one after {hours} hours", hours=hours)
        )
    if how.template is not None:
        parts.append(say("模板 {name}", "template {name}", name=how.template))
    if how.urgency is Urgency.URGENT:
        parts.append(Phrase("立即发送", "at once"))
    elif how.urgency is Urgency.DIGEST:
        parts.append(Phrase("合并发送", "in the digest"))
    if (quiet := how.quiet_hours) is not None:
        hours_of_day = f"{quiet.begin:%H:%M} - {quiet.end:%H:%M}"
        parts.append(say("{hours} 不发送", "not from {hours}", hours=hours_of_day))
    if (limit := how.daily_limit) is not None:
        parts.append(say("每人每天最多 {limit} 条", "at most {limit} a day each", limit=limit))
    if (days := how.useful_days) is not None:
        parts.append(say("{days} 天后不再发", "not after {days} days", days=days))
    return join(parts)
