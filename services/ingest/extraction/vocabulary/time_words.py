"""Words and characters of time: years, spans, periods, weekdays, counters, events. Pure.

Patterns match texts from `fold_text`, where punctuation is half width and 六月 is 6月.
"""

from typing import Final

from services.ingest.domain.periods import Period
from services.ingest.extraction.vocabulary.patterns import alternate

YEAR_NUMBER: Final = r"(?:19|20)\d\d"
"""A year of the Gregorian calendar in four digits."""
TO: Final = "(?:-+|—+|–+|[~～]+|至|到)"
"""What joins the ends of a span: 3月至6月, 2021—2025年 (GB/T 15835-2011, 5.1.4)."""
JOINERS: Final = "、,和及与"
"""What joins the items of a list of days, months or quarters."""
BEFORE: Final = "(?:以前|之前|前)"
"""After a date: the date is the last day."""
WITHIN: Final = "(?:之|以)?内"
"""After a duration: its end is the last moment."""
ENDS: Final = "底末"
"""The end of a month, a quarter or a year."""

DAY_UNIT: Final = "工作日|自然日|日|天"
"""Units that count days, as alternatives; working days are those of the office's calendar."""
SHORT_UNIT: Final = f"(?:{DAY_UNIT}|小时|分钟)"
"""Units of durations that count from an event: 5个工作日内."""
ANY_UNIT: Final = f"(?:{DAY_UNIT}|小时|分钟|周|月|年)"
"""Units of durations after words that name the event: 收到之日起2个月内."""

PERIODS: Final = {
    "年": Period.YEAR, "年度": Period.YEAR, "半年": Period.HALF_YEAR, "季": Period.QUARTER,
    "季度": Period.QUARTER, "月": Period.MONTH, "月度": Period.MONTH, "周": Period.WEEK,
    "星期": Period.WEEK, "半年度": Period.HALF_YEAR, "全年": Period.YEAR, "年内": Period.YEAR,
}  # fmt: skip
"""The words for each period of a recurring duty."""
PERIOD: Final = "(?:半年度?|年度|年|季度?|月度|月|周|星期)"
"""A period after 每, 逐 or 按: the keys of `PERIODS` without 全年 and 年内."""
EVERY: Final = "[每逐]个?"
"""Before a period: the duty recurs."""
PERIOD_CHARACTERS: Final = "年季月周"
"""The first characters of `PERIOD`, for a quick look whether a text is about time."""
WEEKDAYS: Final = "一二三四五六日"
"""The days after 周 or 星期, in the order of `date.weekday()`."""
COUNTERS: Final = "次场期轮回遍篇条"
"""Measure words for what is done several times in a period: 次, 场, 期."""
AT_LEAST: Final = "(?:至少|不少于|不低于|不得少于|不小于|≥|>=)"
"""Before a number of times: a lower bound."""

CONTINUOUS: Final = "(?:持续|长期|常态|贯穿|一直|始终)"
"""Words for a duty without an end."""

_EVENT_NAMES: Final = (
    "国庆", "春节", "元旦", "清明", "端午", "中秋", "五一", "劳动节", "国庆节", "重阳", "元宵",
    "六一", "七一", "八一", "十一", "双节", "两节", "节假日", "节日", "长假", "黄金周", "大汛",
    "主汛", "入汛", "汛期", "主汛期", "汛", "雨季", "雨期", "台风季", "供暖", "供热", "采暖",
    "供暖季", "采暖期", "供暖期", "供热期", "入冬", "冬季", "入夏", "入春", "入秋", "春耕", "春播",
    "秋收", "秋播", "夏收", "三夏", "三秋", "封冻", "结冰期", "防火期", "开学", "学期", "暑假",
    "寒假", "放假", "招生", "高考", "中考", "两会", "全会", "换届", "党代会", "人代会", "年会",
    "例会", "会议", "大会", "考核", "检查", "验收", "评审", "巡视", "巡察", "督查", "督导", "审计",
    "迎检", "创建", "评估", "开工", "施工", "竣工", "完工", "投产", "投运", "通车", "上市", "开园",
    "开馆", "开业", "挂牌", "开幕", "开赛", "大赛", "博览会", "文旅节", "汛前", "年关", "岁末",
    "高温", "高峰", "旺季", "淡季", "农忙", "农闲", "禁渔期", "开渔",
)  # fmt: skip
EVENT_NAME: Final = alternate(_EVENT_NAMES)
"""A pattern for an event or a season before or after which something is due.

Holidays are those of 全国年节及纪念日放假办法; the others were met in published plans.
"""
