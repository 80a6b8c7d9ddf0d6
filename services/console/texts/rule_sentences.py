"""A rule in words: for what, when, to whom, how."""

from collections.abc import Iterable
from typing import assert_never

from services.console.texts.languages import N_
from services.console.texts.wording import CHANNELS, DAYS, KINDS, LIGHTS, POSTS, STATUSES, Wording
from shared.rules.book import Rule, Step, StepEnd
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
from shared.rules.selecting import Reached, Select

_WEEKDAYS = dict(zip(WEEKDAYS, DAYS, strict=True))
_CONVENTIONS = {
    Convention.AS_IS: N_("%(moment)s，遇休息日不变"),
    Convention.PREVIOUS: N_("%(moment)s，遇休息日提前"),
    Convention.NEXT: N_("%(moment)s，遇休息日顺延"),
}
_SPANS = {
    Span.UNTIL_DUE: N_("%(moment)s（到期为止）"),
    Span.OVERDUE: N_("%(moment)s（超期后）"),
    Span.UNTIL_DONE: N_("%(moment)s（办结为止）"),
}
_NTH = {
    Cycle.MONTH: N_("每月%(numbers)s 个工作日"),
    Cycle.QUARTER: N_("每季度%(numbers)s 个工作日"),
}

_ENDS = {
    StepEnd.ACCEPTED: N_("%(post)s（签收为止）"),
    StepEnd.PROGRESS: N_("%(post)s（有进展为止）"),
    StepEnd.SUBMITTED: N_("%(post)s（报办结为止）"),
    StepEnd.DONE: N_("%(post)s（办结为止）"),
}


def describe_rule(words: Wording, rule: Rule) -> dict[str, object]:
    """A rule in words: for what, when, to whom, how."""
    mark = words.gettext("、")
    return {
        "kinds": mark.join(words.name_value(kind, KINDS) for kind in rule.kinds),
        "select": describe_select(words, rule.select) if rule.select else "",
        "when": [_describe_when(words, when) for when in rule.when],
        "at": f"{rule.at:%H:%M} {rule.timezone or ''}".strip(),
        "who": [_describe_step(words, step) for step in rule.who],
        "channels": mark.join(words.name_value(each, CHANNELS) for each in rule.channels),
    }


def describe_select(words: Wording, select: Select) -> str:
    """Conditions in words; those within others in brackets."""
    return words.gettext("，且").join(_list_conditions(words, select))


def _list_conditions(words: Wording, select: Select) -> Iterable[str]:
    name, mark = words.name_value, words.gettext("、")
    named = (
        (N_("种类为%(values)s"), [name(each, KINDS) for each in select.kind or ()]),
        (N_("类别为%(values)s"), select.category),
        (N_("序号为%(values)s"), select.task),
        (N_("单位为%(values)s"), select.unit),
        (N_("单位类型为%(values)s"), select.unit_kind),
        (N_("单位分组为%(values)s"), select.group),
        (N_("亮灯为%(values)s"), [name(each, LIGHTS) for each in select.light or ()]),
        (N_("状态为%(values)s"), [name(each, STATUSES) for each in select.status or ()]),
    )
    for sentence, values in named:
        if values:
            yield words.gettext(sentence, values=mark.join(values))
    if select.lead is not None:
        yield words.gettext("本单位牵头") if select.lead else words.gettext("本单位配合")
    if select.quantity is not None:
        yield _describe_reached(words, select.quantity)
    for each in select.all or ():
        yield _wrap_conditions(words, each)
    if select.any:
        yield words.gettext("，或").join(_wrap_conditions(words, each) for each in select.any)
    if select.not_:
        conditions = describe_select(words, select.not_)
        yield words.gettext("不符合（%(conditions)s）", conditions=conditions)


def _wrap_conditions(words: Wording, select: Select) -> str:
    conditions = describe_select(words, select)
    return words.gettext("符合（%(conditions)s）", conditions=conditions)


def _describe_reached(words: Wording, bounds: Reached) -> str:
    parts = []
    if (share := bounds.at_least) is not None:
        parts.append(words.gettext("完成不低于 %(share)g%%", share=share))
    if (share := bounds.below) is not None:
        parts.append(words.gettext("完成不足 %(share)g%%", share=share))
    return words.gettext("，且").join(parts)


def _describe_when(words: Wording, when: When) -> str:
    """A moment with what becomes of a day off, where that is not of its nature."""
    moment = _describe_moment(words, when)
    if isinstance(when, AfterDue) and when.every_working_days:
        return moment
    convention = getattr(when, "convention", None)
    return words.gettext(_CONVENTIONS[convention], moment=moment) if convention else moment


def _describe_moment(words: Wording, when: When) -> str:
    match when:
        case BeforeDue() | DaysBefore():
            return _describe_before(words, when)
        case OnDates(days=named):
            mark = words.gettext("、")
            return words.gettext("到期年份的 %(days)s", days=mark.join(named))
        case WhileOverdue(every_working_days=every):
            return words.gettext("超期后每 %(days)s 个工作日一次", days=every)
        case WhenTold():
            return words.gettext("新交办或改期后的第一个工作日")
        case AfterDue():
            return _describe_after(words, when)
        case GivenDates() | Weekly() | Monthly() | NthWorkingDay() | Cron():
            return words.gettext(_SPANS[when.span], moment=_describe_repeated(words, when))
        case _:
            assert_never(when)


def _describe_before(words: Wording, when: BeforeDue | DaysBefore) -> str:
    mark = words.gettext("、")
    days = when.days if isinstance(when, DaysBefore) else when.working_days
    before = mark.join(str(day) for day in days if day)
    sentences = []
    if before and isinstance(when, DaysBefore):
        sentences.append(words.gettext("到期前 %(days)s 天", days=before))
    elif before:
        sentences.append(words.gettext("到期前 %(days)s 个工作日", days=before))
    if 0 in days:
        sentences.append(words.gettext("到期当天"))
    return mark.join(sentences)


def _describe_after(words: Wording, when: AfterDue) -> str:
    parts = [
        words.gettext("超期后每 %(days)s 个工作日一次", days=when.every_working_days)
        if when.every_working_days
        else words.gettext("超期后每 %(days)s 天一次", days=when.every_days or 0)
    ]
    if when.factor > 1:
        parts.append(words.gettext("间隔逐次乘以 %(factor)s", factor=when.factor))
    if when.limit:
        parts.append(words.gettext("最多 %(limit)s 次", limit=when.limit))
    return words.gettext("、").join(parts)


def _describe_repeated(words: Wording, when: Repeated) -> str:
    mark = words.gettext("、")
    match when:
        case GivenDates(dates=dates):
            return mark.join(map(str, dates))
        case Weekly(weekdays=weekdays):
            names = (words.gettext(_WEEKDAYS[each]) for each in weekdays)
            return words.gettext("每%(days)s", days=mark.join(names))
        case Monthly(days=days):
            return words.gettext("每月 %(days)s 日", days=_count_back(words, days))
        case NthWorkingDay(numbers=numbers):
            counted = _count_back(words, numbers, N_("第 %(number)s"))
            return words.gettext(_NTH[when.of], numbers=counted)
        case Cron(expression=expression):
            return words.gettext("按 cron 表达式 %(expression)s", expression=expression)
        case _:
            assert_never(when)


def _count_back(words: Wording, numbers: Iterable[int], forward: str = "%(number)s") -> str:
    """Numbers, of which negative ones count from the end; `forward` is how the others are said."""
    counted = (
        words.gettext(forward if each > 0 else N_("倒数第 %(number)s"), number=abs(each))
        for each in numbers
    )
    return words.gettext("、").join(counted)


def _describe_step(words: Wording, step: Step) -> str:
    post = words.name_value(step.audience, POSTS)
    if step.from_overdue:
        post = words.gettext(
            "%(post)s（第 %(count)s 次超期提醒起）", post=post, count=step.from_overdue
        )
    if step.within_days is not None:
        return words.gettext(
            "%(post)s（%(days)s 天内有进展则不提醒）", post=post, days=step.within_days
        )
    return words.gettext(_ENDS[step.ends_with], post=post) if step.ends_with else post
