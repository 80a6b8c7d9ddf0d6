"""A notice as it is pasted: from a web page, a PDF, a retyped text, or more than one notice."""

import re

import pytest

from services.ingest.domain.holiday_notices.any_notice import read_notice
from services.ingest.domain.holiday_notices.notice import DoubtCode
from services.ingest.domain.refusals import RefusedError
from tests.unit.ingest.domain.holiday_notices.test_doubts import SOUND

SIGNATURE = "国务院办公厅\n2026年11月4日\n"
EARLIER = """2026年部分节假日安排
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
"""
PASTED = {
    "a page number between two pages": SOUND.replace("至11日", "\n— 1 —\n至11日"),
    "a page number within a list": SOUND.replace("、10月9日", "、\n- 12 -\n10月9日"),
    "lines of twenty characters": re.sub("(.{20})", r"\1\n", SOUND.replace("\n", "")),
    "blanks beside numbers": re.sub(r"(\d+)", r" \1 ", SOUND),
    "full-width digits": SOUND.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    "no marks at the end of sentences": SOUND.replace("。", "，"),
    "weekdays without brackets": re.sub("（(周.)）", r"\1", SOUND),
    "休息 for 放假": SOUND.replace("放假调休", "休息"),
    "another title": SOUND.replace("部分节假日", "放假"),
    "links below the signature": SOUND
    + SIGNATURE
    + "相关稿件\n国务院办公厅关于2026年部分节假日安排的通知 2025年11月4日\n责任编辑：某某",
    "advice in the same sentence": SOUND.replace(
        "（周六）上班。\n三", "（周六）上班，鼓励各单位安排职工在2月4日休息。\n三"
    ),
}


@pytest.mark.parametrize("text", PASTED.values(), ids=PASTED.keys())
def test_a_pasted_notice_is_read_as_the_notice_itself(text: str) -> None:
    whole, pasted = read_notice(SOUND), read_notice(text)
    assert (pasted.year, pasted.days, pasted.names) == (2027, whole.days, whole.names)
    assert pasted.doubts == ()


def test_notices_of_two_years_are_refused_unless_one_is_chosen() -> None:
    with pytest.raises(RefusedError, match="几份通知：2026、2027 年"):
        read_notice(EARLIER + SIGNATURE + SOUND)
    assert read_notice(EARLIER + SOUND, 2027) == read_notice("\n\n" + SOUND)
    assert read_notice(SOUND + SIGNATURE + EARLIER, 2026).year == 2026


def test_the_same_notice_twice_is_one_doubt_for_each_festival() -> None:
    doubts = read_notice(SOUND + SOUND.partition("\n")[2]).doubts
    assert [doubt.code for doubt in doubts] == [DoubtCode.FESTIVAL_TWICE] * 7


def test_a_notice_without_make_up_days_is_doubtful_at_each_festival_that_has_some() -> None:
    doubts = read_notice(re.sub("。[^。\n]*上班", "", SOUND)).doubts
    assert {(doubt.code, doubt.line) for doubt in doubts} == {
        (DoubtCode.MAKE_UP_DIFFERS, line) for line in (3, 5, 8)
    }


def test_a_part_of_a_notice_is_two_doubts() -> None:
    notice = read_notice("2027年国庆节放假安排\n国庆节：10月1日至7日放假。9月26日、10月9日上班。")
    assert [doubt.code for doubt in notice.doubts] == [
        DoubtCode.FESTIVAL_MISSING,
        DoubtCode.HOLIDAY_NOT_OFF,
    ]
