"""The words of task tables: dates, doubts and changes of measures. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from services.console.texts.languages import N_
from services.console.texts.wording import Wording
from shared.api.plans import MeasureOut

PLAN_STATUSES: Mapping[str, str] = {
    "draft": N_("草稿"),
    "published": N_("已发布"),
    "revision": N_("修订稿"),
    "confirmed": N_("修订已生效"),
    "withdrawn": N_("已撤回"),
}
PERIODS: Mapping[str, str] = {
    "year": N_("每年"),
    "half-year": N_("每半年"),
    "quarter": N_("每季度"),
    "month": N_("每月"),
    "week": N_("每周"),
}
DOUBTS: Mapping[str, str] = {
    "no-title": N_("没有认出任务表的标题。邮件里要引用它，请填写。"),
    "no-year": N_("没有认出任务表是哪一年的。只写月日的时限要靠它，请填写。"),
    "no-deadline": N_("没有写明完成时限，请补充日期或说明为长期任务。"),
    "no-such-date": N_("写明的日期不存在，请更正。"),
    "event-relative": N_("时限从某一事件起算，请确定事件日期。"),
    "not-understood": N_("此处文字未能识别，请人工确认。"),
    "before-document": N_("完成时限早于文件本身的日期，请核对。"),
    "period-open": N_("只写明“定期”等，未写明周期，请确定多久一次。"),
    "actor-in-text": N_("正文另写明了责任主体，而责任单位栏没有，请确认由谁负责。"),
    "no-unit": N_("没有写明责任单位，请补充由谁负责。"),
}
SETTLEMENTS: Mapping[str, str] = {
    "accept": N_("按原文办理"),
    "change": N_("已更正"),
    "drop": N_("不作为任务"),
}
JOINTS: Mapping[str, str] = {"each": N_("各单位分别反馈"), "lead": N_("牵头单位统一反馈")}
_SEPARATOR = re.compile(r"[、,，;；\s]+")
_BETWEEN_NAMES = re.compile(r"[、,，;；\n]+")
_DATE = re.compile(r"(?:(\d{4})\D{1,2})?(\d{1,2})\D{1,2}(\d{1,2})日?")


def describe_recurrence(words: Wording, per: str, times: int) -> str:
    """How often a duty recurs: 每季度至少 1 次."""
    return words.gettext(
        "%(per)s至少 %(times)s 次", per=words.name_value(per, PERIODS), times=times
    )


def describe_when(words: Wording, measure: MeasureOut) -> str:
    """The dates of a measure in words; empty when it has none."""
    parts = [str(day) for day in measure.due]
    if measure.recurrence:
        recurrence = measure.recurrence
        parts.append(
            describe_recurrence(words, str(recurrence["per"]), int(recurrence.get("at_least", 1)))
        )
    if measure.continuous:
        parts.append(words.gettext("长期任务"))
    return "、".join(parts)


def describe_value(words: Wording, value: Any) -> str:  # noqa: ANN401 - a field of any measure
    """A field of a measure in words, as a difference shows it."""
    match value:
        case None | "" | [] | False:
            return words.gettext("无")
        case True:
            return words.gettext("是")
        case list():
            return "、".join(map(str, value))
        case {"per": per, **rest}:
            return describe_recurrence(words, str(per), int(str(rest.get("at_least", 1))))
        case _:
            return str(value)


def read_dates(typed: str, year: int | None) -> list[str]:
    """Dates as people write them: 2023-09-30, 2023.9.30, 9月30日 in the plan's year.

    Raises:
        ValueError: one of them is no date, or none is given.
    """
    days = [_read_date(part, year) for part in _SEPARATOR.split(typed) if part]
    if not days:
        raise ValueError(typed)
    return days


def _read_date(typed: str, year: int | None) -> str:
    match = _DATE.fullmatch(typed)
    if match is None:
        raise ValueError(typed)
    return date(int(match[1] or year or 0), int(match[2]), int(match[3])).isoformat()


def read_names(typed: str) -> list[str]:
    """Names, separated by 、 or another comma."""
    return [name.strip() for name in _BETWEEN_NAMES.split(typed) if name.strip()]


def shorten(text: str, most: int = 40) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else text[:most] + "…"


def name_some(words: Wording, names: Iterable[str], most: int = 8) -> str:
    """Some names, and how many there are."""
    listed = list(names)
    shown = "、".join(listed[:most])
    if len(listed) <= most:
        return shown
    return words.gettext("%(names)s等 %(count)s 个", names=shown, count=len(listed))
