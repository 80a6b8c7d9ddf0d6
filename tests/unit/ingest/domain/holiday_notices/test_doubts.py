"""What is doubtful about a notice is said with its line."""

import pytest

from services.ingest.domain.holiday_notices.any_notice import read_notice
from services.ingest.domain.holiday_notices.notice import DoubtCode
from services.ingest.domain.refusals import RefusedError
from shared.api.problems import choose_part

SOUND = """2027年部分节假日安排
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（周五）至11日（周四）放假调休，共7天。2月20日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。5月8日（周六）上班。
五、端午节：6月9日（周三）放假1天，不调休。
六、中秋节：9月15日（周三）放假1天，不调休。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。
"""

CASES = [
    ("1月1日（周五）", "1月1日（周四）", DoubtCode.WEEKDAY_DIFFERS, 2),
    ("至3日（周日）", "至3日（星期天）", None, 0),
    ("2月20日（周六）", "2月20日（礼拜日）", DoubtCode.WEEKDAY_DIFFERS, 3),
    ("共7天。2月", "共8天。2月", DoubtCode.COUNT_DIFFERS, 3),
    ("放假1天，不调休。\n六", "放假2天。\n六", DoubtCode.COUNT_DIFFERS, 6),
    ("六、中秋节：9月15日（周三）放假1天，不调休。\n", "", DoubtCode.FESTIVAL_MISSING, 7),
    ("2月20日（周六）上班。", "", DoubtCode.MAKE_UP_DIFFERS, 3),
    ("5月8日（周六）上班", "5月8日、15日上班", DoubtCode.MAKE_UP_DIFFERS, 5),
    ("至11日（周四）放假调休，共7天", "至10日（周三）放假调休", DoubtCode.MAKE_UP_DIFFERS, 3),
    ("5月8日（周六）上班", "5月10日（周一）上班", DoubtCode.WORK_ON_WEEKDAY, 5),
    ("1月1日（周五）至3日", "1月1日（元旦（周五））至3日", DoubtCode.RANGE_DOUBTFUL, 2),
    ("2月20日（周六）上班", "2月20日上班。2月20日上班", DoubtCode.DAY_TWICE, 3),
    ("2月20日（周六）上班", "2月6日（周六）上班", DoubtCode.DAY_TWICE, 3),
    ("6月9日（周三）", "6月31日", DoubtCode.NO_SUCH_DAY, 6),
    ("10月1日（周五）至7日（周四）", "10月7日至1日", DoubtCode.RANGE_DOUBTFUL, 8),
    ("9月26日", "2026年9月26日", DoubtCode.OUTSIDE_YEAR, 8),
    ("9月15日（周三）放假1天", "9月16日放假1天", DoubtCode.HOLIDAY_NOT_OFF, 8),
    ("2月20日（周六）上班", "2月20日（周六）另行安排", DoubtCode.SENTENCE_UNREAD, 3),
    ("2月20日（周六）上班", "2月20日（周六）不上班", DoubtCode.SENTENCE_UNREAD, 3),
    ("七、国庆", "七、建县纪念日：8月6日放假。\n八、国庆", DoubtCode.FESTIVAL_UNKNOWN, 8),
    ("七、国庆", "七、春节：2月5日放假。\n八、国庆", DoubtCode.FESTIVAL_TWICE, 8),
    (
        "六、中秋节：9月15日（周三）放假1天",
        "六、中秋节：另行通知",
        DoubtCode.FESTIVAL_WITHOUT_DAYS,
        7,
    ),
]


def test_a_sound_notice_has_no_doubt() -> None:
    assert read_notice(SOUND).doubts == ()


@pytest.mark.parametrize(("old", "new", "code", "line"), CASES)
def test_a_change_for_the_worse_is_a_doubt_with_its_line(
    old: str, new: str, code: DoubtCode | None, line: int
) -> None:
    assert old in SOUND
    doubts = read_notice(SOUND.replace(old, new)).doubts
    if code is None:
        assert doubts == ()
    else:
        assert (code, line) in {(doubt.code, doubt.line) for doubt in doubts}
        for text in (text for doubt in doubts for text in (doubt.message, doubt.hint)):
            chinese, english = choose_part(text, "zh"), choose_part(text, "en")
            assert text.startswith(chinese)
            assert text.endswith(english)
            assert chinese.endswith(("。", "”。"))
            assert "。" not in english


def test_a_text_without_a_festival_or_a_year_is_refused() -> None:
    with pytest.raises(RefusedError, match="没有找到节日安排"):
        read_notice("关于召开会议的通知")
    with pytest.raises(RefusedError, match="没有写明年份"):
        read_notice("元旦：1月1日放假。")
    assert read_notice("元旦：1月1日放假。", 2027).year == 2027


def test_a_year_in_chinese_digits_is_read() -> None:
    assert read_notice("二〇二七年元旦、春节安排\n元旦：1月1日放假。").year == 2027


def test_json_of_either_form_is_read() -> None:
    whole = read_notice(SOUND)
    days = ",\n".join(
        f'{{"name": "{whole.names[day]}", "date": "{day}", "isOffDay": {str(not works).lower()}}}'
        for day, works in whole.days.items()
    )
    listed = read_notice(f'{{"year": 2027, "days": [\n{days}\n]}}')
    assert (listed.days, listed.names, listed.doubts) == (whole.days, whole.names, ())
    plain = ", ".join(f'"{day}": {str(works).lower()}' for day, works in whole.days.items())
    unnamed = read_notice(f'\ufeff{{"days": {{{plain}}}}}')
    assert (unnamed.year, unnamed.days, unnamed.doubts) == (2027, whole.days, ())
    assert unnamed.names == {}


def test_a_doubt_about_json_has_the_line_of_its_day() -> None:
    text = '{"days": {\n"2027-01-01": false,\n"2027-01-04": true,\n"2027-01-01": true}}'
    doubts = {(doubt.code, doubt.line) for doubt in read_notice(text).doubts}
    assert (DoubtCode.WORK_ON_WEEKDAY, 3) in doubts
    assert (DoubtCode.DAY_TWICE, 4) in doubts


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1, 2]",
        '{"days": 3}',
        '{"days": {}}',
        '{"days": {"2027-13-01": false}}',
        '{"days": {"2027-01-01": "off"}}',
        '{"days": [{"date": "2027-01-01"}]}',
        "[" * 100_000,
    ],
)
def test_faulty_json_is_refused(text: str) -> None:
    with pytest.raises(RefusedError):
        read_notice(text)
