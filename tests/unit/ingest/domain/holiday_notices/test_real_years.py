"""The facts of the notices of 2023 to 2026, in sentences of our own, are read back."""

from datetime import date, timedelta

import chinese_calendar
import pytest

from services.ingest.domain.holiday_notices.any_notice import read_notice

YEARS = {
    2023: """
        元旦：2022年12月31日至2023年1月2日放假调休，共3天。
        春节：1月21日至27日放假调休，共7天。1月28日（星期六）、1月29日（星期日）上班。
        清明节：4月5日放假，共1天。
        劳动节：4月29日至5月3日放假调休，共5天。4月23日（星期日）、5月6日（星期六）上班。
        端午节：6月22日至24日放假调休，共3天。6月25日（星期日）上班。
        中秋节、国庆节：9月29日至10月6日放假调休，共8天。10月7日（星期六）、10月8日（星期日）上班。
    """,
    2024: """
        一、元旦：1月1日放假，与周末连休。
        二、春节：2月10日至17日放假调休，共8天。2月4日（周日）、2月18日（周日）上班。鼓励各单位安排
        职工在除夕（2月9日）休息。
        三、清明节：4月4日至6日放假调休，共3天。4月7日（星期日）上班。
        四、劳动节：5月1日至5日放假调休，共5天。4月28日（星期日）、5月11日（星期六）上班。
        五、端午节：6月10日放假，与周末连休。
        六、中秋节：9月15日至17日放假调休，共3天。9月14日（星期六）上班。
        七、国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。
    """,
    2025: """
        1.元旦: 1月1日(周三)放假1天, 不调休。
        2.春节: 1月28日(除夕、周二)至2月4日(初七、周二)放假调休, 共8天。
        1月26日(周日)、2月8日(周六)上班。
        3.清明节: 4月4日(周五)至6日(周日)放假, 共3天。
        4.劳动节: 5月1日(周四)至5日(周一)放假调休, 共5天。4月27日(周日)上班。
        5.端午节: 5月31日(周六)至6月2日(周一)放假, 共3天。
        6.国庆节、中秋节: 10月1日(周三)至8日(周三)放假调休, 共8天。
        9月28日(周日)、10月11日(周六)上班。
    """,
    2026: """
        （一）元旦：1月1日（周四）至3日（周六）放假调休，共三天；1月4日（周日）上班。
        （二）春节：2月15日至23日放假调休，共九天；2月14日（周六）、28日（周六）上班。
        （三）清明节：4月4日－6日放假，共三天。
        （四）“五一”国际劳动节：5月1日～5日放假调休，共五天；5月9日（周六）补班。
        （五）端午节：6月19日到21日放假，共三天。
        （六）中秋节：9月25日（周五）—27日（周日）放假，共三天。
        （七）国庆节：10月1日至7日放假调休，共七天；9月20日（周日）和10月10日（周六）上班。
    """,
}
HEAD = """各单位：
    根据上级安排，{year}年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假日期如下。
"""
FOOT = """节日期间请安排好值班，遇有突发事件及时报告。
某县人民政府办公室
{before}年11月5日
（此件公开发布）
"""


@pytest.mark.parametrize("year", YEARS)
def test_a_real_years_notice_is_read_without_a_doubt(year: int) -> None:
    text = HEAD.format(year=year) + YEARS[year] + FOOT.format(before=year - 1)
    notice = read_notice(text)
    assert notice.doubts == ()
    assert notice.year == year
    for day, works in notice.days.items():
        assert chinese_calendar.is_workday(day) == works, day
    first = date(year, 1, 1)
    for number in range((date(year + 1, 1, 1) - first).days):
        day = first + timedelta(days=number)
        ordinary = day.weekday() < 5
        if day != date(2023, 12, 30) and day != date(2023, 12, 31):
            works = notice.days.get(day, ordinary)
            assert works == chinese_calendar.is_workday(day), day


def test_each_day_has_the_name_of_its_festival() -> None:
    names = read_notice(HEAD.format(year=2023) + YEARS[2023]).names
    assert names[date(2022, 12, 31)] == "元旦"
    assert names[date(2023, 1, 29)] == "春节"
    assert names[date(2023, 10, 8)] == "中秋节、国庆节"
    assert date(2023, 1, 30) not in names


def test_advice_to_take_leave_is_no_day_off() -> None:
    assert date(2024, 2, 9) not in read_notice(HEAD.format(year=2024) + YEARS[2024]).days


@pytest.mark.parametrize("year", YEARS)
def test_the_items_may_stand_in_one_line_with_half_width_marks(year: int) -> None:
    text = HEAD.format(year=year) + YEARS[year]
    whole = read_notice(text)
    joined = "".join(text.split()).translate(str.maketrans("：，（）；", ":,();"))
    assert read_notice(joined).days == whole.days
    assert read_notice("\n".join(text.replace("\n", ""))).days == whole.days
