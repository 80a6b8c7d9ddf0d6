"""Any year's notice, written in the usual forms, is read back; a wrong weekday is a doubt."""

from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.holiday_notices.any_notice import read_notice
from services.ingest.domain.holiday_notices.notice import FESTIVALS, DoubtCode
from services.ingest.domain.refusals import RefusedError

WEEKDAYS = "一二三四五六日"
STARTS = {"元旦": (1, 1), "春节": (1, 20), "清明节": (4, 3), "劳动节": (5, 1), "端午节": (6, 2)}
STARTS |= {"中秋节": (9, 8), "国庆节": (10, 1)}
ORDINALS = ("{}、", "({})", "（{}）", "")


@dataclass(frozen=True)
class Written:
    """A notice's text with what it says."""

    year: int
    text: str
    days: dict[date, bool]
    weekdays: list[str]


@st.composite
def write_notices(draw: st.DrawFn) -> Written:
    year = draw(st.integers(2000, 2060))
    weekday = draw(st.sampled_from(("周", "星期", "礼拜")))
    to = draw(st.sampled_from("至到-~—－～"))
    count = draw(st.sampled_from((",共{}天", "，共{}天", "{}天", "")))
    ordinal = draw(st.sampled_from(ORDINALS))
    comma = draw(st.sampled_from("、,，和"))
    lines, days, weekdays = [f"{year}年部分节假日安排"], {}, []

    def write_day(day: date, month: bool = True) -> str:
        brackets = f"（{weekday}{WEEKDAYS[day.weekday()]}）" if draw(st.booleans()) else ""
        if brackets:
            weekdays.append(brackets)
        return (f"{day.month}月" if month else "") + f"{day.day}日{brackets}"

    for number, name in enumerate(FESTIVALS, start=1):
        # New Year may begin in December, and any festival may pass the end of a month.
        before = draw(st.integers(0, 2)) if name == "元旦" else -draw(st.integers(0, 5))
        first = date(year, *STARTS[name]) - timedelta(days=before)
        off = [first + timedelta(days=n) for n in range(draw(st.integers(1, 9)))]
        last = off[-1]
        span = write_day(first)
        if last != first:
            span += to + write_day(last, month=last.month != first.month or draw(st.booleans()))
        saturday = last + timedelta(days=(5 - last.weekday()) % 7 or 7)
        work = [saturday + timedelta(days=7 * n) for n in range(draw(st.integers(0, 2)))]
        line = ordinal.format("一二三四五六七"[number - 1]) + f"{name}：{span}放假"
        line += count.format(len(off)) + "。"
        line += comma.join(map(write_day, work)) + "上班。" if work else ""
        cut = draw(st.integers(0, len(line)))
        lines.append(line[:cut] + draw(st.sampled_from(("", " ", "\u3000", "\n"))) + line[cut:])
        days |= dict.fromkeys(work, True) | dict.fromkeys(off, False)
    return Written(year, "\n".join(lines), days, weekdays)


@given(write_notices())
def test_any_notice_is_read_back(written: Written) -> None:
    notice = read_notice(written.text)
    assert notice.year == written.year
    assert notice.days == dict(sorted(written.days.items()))
    # The days are made up: they overlap at times, and are more or fewer than those by law.
    allowed = {DoubtCode.HOLIDAY_NOT_OFF, DoubtCode.DAY_TWICE, DoubtCode.MAKE_UP_DIFFERS}
    assert {doubt.code for doubt in notice.doubts} <= allowed


@given(write_notices(), st.data())
def test_a_wrong_weekday_is_always_a_doubt(written: Written, data: st.DataObject) -> None:
    if not written.weekdays:
        return
    right = data.draw(st.sampled_from(written.weekdays))
    wrong = data.draw(st.sampled_from([day for day in WEEKDAYS if day != right[-2]]))
    changed = written.text.replace(right, right[:-2] + wrong + right[-1], 1)
    codes = {doubt.code for doubt in read_notice(changed).doubts}
    # A blank may stand inside of the brackets, and then the text has no such brackets.
    assert changed == written.text or DoubtCode.WEEKDAY_DIFFERS in codes


ANYTHING = st.text(max_size=300) | st.text(
    "元旦春节国庆1234月日至、（周一）放假上班共天。：不\n", max_size=300
)


@given(st.sampled_from(("", "元旦：", "{")), ANYTHING, st.integers(2000, 2199))
def test_any_text_is_read_or_refused(head: str, text: str, year: int) -> None:
    try:
        notice = read_notice(head + text, year)
    except RefusedError:
        return
    assert isinstance(notice.days, dict)
