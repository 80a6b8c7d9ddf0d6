"""More phrases, read cell by cell and sentence by sentence: lists, spans, beginnings, events."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from services.ingest.extraction.models import WHOLE, ParsedMeasure
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.vocabulary.numerals import parse_numeral

YEAR = 2023


def measures(text: str, due: str) -> tuple[ParsedMeasure, ...]:
    lines = [
        f"临江县{YEAR}年政务公开工作任务分解表",
        "序号\t任务名称\t具体内容\t责任单位\t完成时限",
        f"1\t平台建设\t{text}\t县财政局\t{due.replace(chr(10), '<p>')}",
    ]
    return read_plan("plan.txt", "\n".join(lines).encode()).tasks[0].measures


def measure(text: str, due: str) -> ParsedMeasure:
    (only,) = measures(text, due)
    return only


def shown(found: ParsedMeasure) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in found.due]


@pytest.mark.parametrize(
    ("cell", "due"),
    [
        ("2023-2025年", ["2025-12-31"]),
        ("2023年至2025年", ["2025-12-31"]),
        ("2023—2025年底前", ["2025-12-31"]),
        ("即日起至12月31日", ["2023-12-31"]),
        ("2023年5月起至11月底", ["2023-11-30"]),
        ("2023年5月1日起至2023年11月20日", ["2023-11-20"]),
        ("3、6、9、12月20日前", ["2023-03-20", "2023-06-20", "2023-09-20", "2023-12-20"]),
        ("6月和12月的5日前", ["2023-06-05", "2023-12-05"]),
        ("6月5日、20日前", ["2023-06-05", "2023-06-20"]),
        ("1、6月底前；2、9月底前", ["2023-06-30", "2023-09-30"]),
        ("6月底前，争取开工10所；12月底前全部开工", ["2023-06-30", "2023-12-31"]),
        ("2023年6月底前建成3个示范点，11月底前全面推开", ["2023-06-30", "2023-11-30"]),
        ("2020年起，每年2月底前", ["2023-02-28"]),
        ("每季度末；年底前", ["2023-03-31", "2023-06-30", "2023-09-30", "2023-12-31"]),
        ("2023.6.30前", ["2023-06-30"]),
        ("2023.6—2023.11", ["2023-11-30"]),
    ],
)
def test_every_date_of_a_cell_is_owed_and_a_span_ends_with_its_last_day(
    cell: str, due: list[str]
) -> None:
    found = measure("完善目录。", cell)
    assert shown(found) == due
    assert found.review == ()


@pytest.mark.parametrize(
    "cell", ["2023年全年", "全年", "4月起，持续推进", "2023年持续推进", "2023年4月起，长期坚持"]
)
def test_what_lasts_all_year_or_only_begins_has_no_end(cell: str) -> None:
    found = measure("完善目录。", cell)
    assert found.continuous
    assert found.due == ()
    assert found.review == ()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("2023年4月起", "not-understood"),
        ("2年内", "not-understood"),
        ("三年内", "not-understood"),
        ("6月、12月20日前", "not-understood"),
        ("月底前", "not-understood"),
        ("季度末", "not-understood"),
        ("每两个月一次", "not-understood"),
        ("每天", "not-understood"),
        ("立行立改", "not-understood"),
        ("2023年国庆节前", "event-relative"),
        ("党代会召开前", "event-relative"),
        ("政策印发后", "event-relative"),
        ("时限届满前10日", "event-relative"),
    ],
)
def test_what_names_no_day_goes_to_a_person_without_a_date(cell: str, code: str) -> None:
    found = measure("完善目录。", cell)
    assert code in found.review
    assert found.due == ()


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("6月30日、12月31日前各报一份。", ["2023-06-30", "2023-12-31"]),
        ("3月、6月、9月、12月的20日前报送。",
         ["2023-03-20", "2023-06-20", "2023-09-20", "2023-12-20"]),
        ("3月底、6月底、9月底前通报。", ["2023-03-31", "2023-06-30", "2023-09-30"]),
        ("于12月15日前将总结报县政务公开办。", ["2023-12-15"]),
        ("2023.6.30前完成清理。", ["2023-06-30"]),
        ("到2025年底建成，2025年前不再调整。", ["2024-12-31", "2025-12-31"]),
        ("1.6月底前完成目录。", ["2023-06-30"]),
        ("1、6月底前完成目录。", ["2023-06-30"]),
        ("①6月底前完成目录。", ["2023-06-30"]),
        ("（3）12月前完成目录。", ["2023-11-30"]),
        ("2023年4月至10月开展整治。", ["2023-10-31"]),
        ("第一季度完成编制。", ["2023-03-31"]),
        ("6月底通报进展。", ["2023-06-30"]),
    ],
)  # fmt: skip
def test_the_sentences_own_dates_are_all_read(text: str, due: list[str]) -> None:
    found = measure(text, "2023年11月底")
    assert shown(found) == due
    assert found.review == ()


@pytest.mark.parametrize(
    "text",
    [
        "2022年底前制定的文件要清理。",
        "2023年6月前印发的文件要公布。",
        "2023—2025年分步实施。",
        "自4月起做好公示。",
        "公开2022年度决算。",
        "建成1.5版平台。",
        "去年6月底前印发的办法要修订。",
        "落实2023.6版标准。",
        "2023年6月至今的文件要清理。",
    ],
)
def test_a_date_that_tells_of_something_else_leaves_the_cells(text: str) -> None:
    found = measure(text, "2023年11月底")
    assert shown(found) == ["2023-11-30"]
    assert found.review == ()


@pytest.mark.parametrize(
    "text",
    [
        "5个工作日内回复。",
        "24小时内发布权威信息。",
        "最迟要在5小时内发布。",
        "文件印发后3个工作日内解读。",
        "时限届满前1个月完成。",
    ],
)
def test_hours_and_working_days_count_from_an_event(text: str) -> None:
    assert "event-relative" in measure(text, "2023年11月底").review


@pytest.mark.parametrize(
    ("text", "per", "times"),
    [
        ("半年一小结。", "half-year", 1),
        ("一月一调度。", "month", 1),
        ("上半年、下半年各检查2次。", "half-year", 2),
        ("每周一调度。", "week", 1),
        ("每月更新不少于两条。", "month", 2),
        ("至少每半年召开1次会议。", "half-year", 1),
        ("每年都要开展检查。", "year", 1),
    ],
)
def test_habits_of_meeting_and_reporting_recur(text: str, per: str, times: int) -> None:
    found = measure(text, "2023年11月底")
    assert found.recurrence is not None
    assert (found.recurrence.per, found.recurrence.at_least) == (per, times)
    assert found.review == ()


@pytest.mark.parametrize(
    "cell",
    [
        "上半年、下半年各1次",
        "上、下半年各一次",
        "上下半年各1次",
        "上半年和下半年分别开展一次",
        "上、下半年各开展1轮",
        "上下半年分别检查",
    ],
)
def test_once_in_each_half_is_a_recurrence_without_a_date(cell: str) -> None:
    found = measure("开展检查。", cell)
    assert shown(found) == []
    assert found.recurrence is not None
    assert found.recurrence.per == "half-year"
    assert found.review == ()


def test_the_first_of_two_recurrences_is_kept_and_marked() -> None:
    found = measure("半年反馈一次，每季反馈一次。", "年底前")
    assert found.recurrence is not None
    assert found.recurrence.per == "half-year"
    assert found.review == ("not-understood",)


def test_逐年_is_no_recurrence() -> None:  # noqa: N802, PLC2401 - the word itself
    assert measure("逐年提高。", "年底前").recurrence is None


@pytest.mark.parametrize(("word", "weekday"), [("一", 0), ("五", 4), ("日", 6), ("天", 6)])
def test_a_weekday_is_expanded_within_the_year(word: str, weekday: int) -> None:
    due = measure("报送进展。", f"每周{word}前").due
    assert {day.weekday() for day in due} == {weekday}
    assert due[0] - date(YEAR, 1, 1) < timedelta(7)
    assert date(YEAR, 12, 31) - due[-1] < timedelta(7)
    assert {b - a for a, b in pairwise(due)} == {timedelta(7)}


@pytest.mark.parametrize(
    "text", ["做好常态化疫情防控。", "健全常态化工作机制。", "完善常态化管理。"]
)
def test_常态化_before_a_noun_tells_no_duration(text: str) -> None:  # noqa: N802, PLC2401
    assert measure(text, "年底前").continuous is False


@pytest.mark.parametrize(
    "text", ["常态化开展宣讲。", "推动开放活动常态化。", "持续推进清理。"]
)  # fmt: skip
def test_常态化_of_an_activity_lasts(text: str) -> None:  # noqa: N802, PLC2401
    assert measure(text, "年底前").continuous is True


@pytest.mark.parametrize("text", ["100%公开。", "办结率100%。", "确保达到百分之百。"])
def test_all_of_it_is_a_lower_bound(text: str) -> None:
    target = measure(text, "年底前").target
    assert target is not None
    assert target.at_least_percent == 100


def test_a_hundred_percent_at_most_is_none() -> None:
    assert measure("不超过100%。", "年底前").target is None


def test_numbered_deadlines_in_one_line_belong_to_each_duty() -> None:
    first, second = measures("1.编目录；2.建专栏。", "1.3月底前；2.9月底前")
    assert (shown(first), shown(second)) == (["2023-03-31"], ["2023-09-30"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("三", 3),
        ("两", 2),
        ("〇", 0),
        ("十", 10),
        ("十二", 12),
        ("三十", 30),
        ("二十一", 21),
    ],
)
def test_chinese_numerals_count_below_a_hundred(text: str, value: int) -> None:
    assert parse_numeral(text) == value


@pytest.mark.parametrize("text", ["", "三三", "百", "甲", "十十"])
def test_other_words_are_no_numeral(text: str) -> None:
    assert parse_numeral(text) is None


@pytest.mark.parametrize(
    ("cell", "ends"),
    [
        ("每月31日前", "31 28 31 30 31 30 31 31 30 31 30 31"),
        ("每月30日前", "30 28 30 30 30 30 30 30 30 30 30 30"),
        ("每季度末月31日前", "31 30 30 31"),
        ("2、4、6月30日前", "28 30 30"),
        ("每年2、6、12月31日前", "28 30 31"),
    ],
)
def test_a_shared_day_that_a_month_lacks_is_its_last_day(cell: str, ends: str) -> None:
    assert [day[8:] for day in shown(measure("报送进展。", cell))] == ends.split()


def test_the_printed_deadline_is_kept_and_is_no_part_of_the_contract() -> None:
    found = measure("完善目录。", "2023年6月\n底前")
    assert found.printed_due == "2023年6月底前"
    assert "printed_due" not in found.model_dump(mode="json")
    whole = found.model_dump_json(context=WHOLE)
    assert ParsedMeasure.model_validate_json(whole) == found
