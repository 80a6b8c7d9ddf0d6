"""A sentence's date and the deadline column: which of the two is owed, and what is asked."""

import pytest

from services.ingest.extraction.models import ParsedMeasure
from services.ingest.extraction.plans.reading import read_plan


def measures(text: str, due: str, units: str = "县财政局") -> tuple[ParsedMeasure, ...]:
    row = f"1\t平台建设\t{text}\t{units}\t{due}".replace("\n", "<p>")
    lines = [
        "临江县2024年政务公开工作任务分解表",
        "序号\t任务名称\t具体内容\t责任单位\t完成时限",
        row,
    ]
    return read_plan("plan.txt", "\n".join(lines).encode()).tasks[0].measures


def measure(text: str, due: str) -> ParsedMeasure:
    (only,) = measures(text, due)
    return only


def shown(found: ParsedMeasure) -> list[str]:
    return [f"{day:%y-%m-%d}" for day in found.due]


@pytest.mark.parametrize(
    ("text", "cell", "due"),
    [
        ("公开年末项目清单。", "3月底前", ["24-03-31"]),
        ("公开6月底前完成的项目清单。", "9月底前", ["24-09-30"]),
        ("根据3月5日会议要求制定方案。", "4月底前", ["24-04-30"]),
        (
            "公开前三季度经济运行情况。",
            "分别于4月25日、6月25日、9月25日前",
            ["24-04-25", "24-06-25", "24-09-25"],
        ),
        (
            "将上一季度统计数据报送县统计局。",
            "每季度首月10日前",
            ["24-01-10", "24-04-10", "24-07-10", "24-10-10"],
        ),
        ("报送6月份数据。", "7月10日前", ["24-07-10"]),
        ("报送上半年工作总结。", "7月15日前", ["24-07-15"]),
        ("通报第三季度整改落实情况。", "10月20日前", ["24-10-20"]),
        ("梳理年底前到期的合同。", "11月15日前", ["24-11-15"]),
        ("公示截至6月30日的在册人数。", "7月底前", ["24-07-31"]),
        ("贯彻3月20日全县大会精神。", "5月底前", ["24-05-31"]),
        ("上报3月底前受理的申请办理结果。", "5月10日前", ["24-05-10"]),
        ("公开每季度末存款余额。", "11月底前", ["24-11-30"]),
    ],
)
def test_a_date_of_something_else_leaves_the_printed_deadline(
    text: str, cell: str, due: list[str]
) -> None:
    found = measure(text, cell)
    assert shown(found) == due
    assert found.review == ()


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("8月底前实现统一查询。", ["24-08-31"]),
        ("网站改版6月底前完成。", ["24-06-30"]),
        ("各乡镇5月20日前报县政府办。", ["24-05-20"]),
        ("编制目录（6月底前）。", ["24-06-30"]),
        ("6月底前报送上半年工作总结。", ["24-06-30"]),
        ("上半年完成编制。", ["24-06-30"]),
        ("确保6月底前完成符合条件的项目公开。", ["24-06-30"]),
        ("于7月10日前公开前三季度经济运行情况。", ["24-07-10"]),
    ],
)
def test_the_duty_s_own_date_beats_the_printed_deadline(text: str, due: list[str]) -> None:
    found = measure(text, "2024年11月底前")
    assert shown(found) == due
    assert found.review == ()


@pytest.mark.parametrize(
    ("text", "cell", "due"),
    [
        ("年底前完成网站改版。", "10月底前", ["24-10-31"]),
        ("力争年底前建成。", "2024年11月20日前", ["24-11-20"]),
        ("下半年完成验收。", "9月底前", ["24-09-30"]),
        ("完成6月底前到期合同的清理。", "9月底前", ["24-09-30"]),
        ("按照6月底前办结要求推进整改。", "9月底前", ["24-09-30"]),
        ("6月底前完成情况要公开。", "8月底前", ["24-08-31"]),
    ],
)
def test_where_both_could_be_meant_the_printed_deadline_stands_and_is_asked(
    text: str, cell: str, due: list[str]
) -> None:
    found = measure(text, cell)
    assert shown(found) == due
    assert found.review == ("not-understood",)


@pytest.mark.parametrize(
    ("cell", "due"),
    [
        ("6月底前、12月底前", ["24-06-30", "24-12-31"]),
        ("6月底前开工、11月底前完工", ["24-06-30", "24-11-30"]),
        ("①2月上旬前②3月底前", ["24-02-10", "24-03-31"]),
        ("12月31日前，次年1月5日前", ["24-12-31", "25-01-05"]),
        ("一、三季度末", ["24-03-31", "24-09-30"]),
        ("每年1、4、7、10月8日之前", ["24-01-08", "24-04-08", "24-07-08", "24-10-08"]),
        ("每年3月底前、9月底前", ["24-03-31", "24-09-30"]),
        ("1、4、7月8日、20日前",
         ["24-01-08", "24-01-20", "24-04-08", "24-04-20", "24-07-08", "24-07-20"]),
        ("4月至6月每月15日前", ["24-04-15", "24-05-15", "24-06-15"]),
        ("2024年10月起，每月底前", ["24-10-31", "24-11-30", "24-12-31"]),
        ("下半年起，每季度末", ["24-09-30", "24-12-31"]),
    ],
)  # fmt: skip
def test_every_date_of_a_cell_is_owed(cell: str, due: list[str]) -> None:
    found = measure("编目录。", cell)
    assert shown(found) == due
    assert found.review == ()


def test_a_date_that_one_duty_names_is_not_owed_by_the_others_of_its_row() -> None:
    found = measures("编目录。\n11月底前完工验收。\n建专栏。", "3月底前、6月底前、11月底前")
    rest = ["24-03-31", "24-06-30"]
    assert [shown(each) for each in found] == [rest, ["24-11-30"], rest]


def test_where_others_name_all_dates_of_a_cell_a_person_is_asked() -> None:
    *_, last = measures("6月底前开工。\n11月底前完工。\n建专栏。", "6月底前、11月底前")
    assert shown(last) == ["24-06-30", "24-11-30"]
    assert last.review == ("not-understood",)


@pytest.mark.parametrize(
    "cell",
    [
        "2024年国庆前", "2024年汛前", "2024年入汛前", "2024年供暖前", "2024年上级部署后",
        "2024年适时",
        "2024年初", "2024年两会前", "2024年秋季学期开学前完成", "2024年根据上级安排", "2024年汛期",
        "国庆前（2024年）", "2024年\n国庆前", "2024年国\n庆前", "2024年春", "2024年会后",
    ],
)  # fmt: skip
def test_a_year_beside_words_that_are_not_understood_is_no_date(cell: str) -> None:
    found = measure("编目录。", cell)
    assert found.due == ()
    assert found.review != ()


@pytest.mark.parametrize(
    "text",
    ["在2024年国庆前完成清理。", "春节前完成走访。", "大汛前完成八成工程量。",
     "开学前完成检查。",
     "赶在雨季前完成清淤。",
     "待上级部署后启动。"],
)  # fmt: skip
def test_an_event_in_the_text_is_asked_beside_the_printed_deadline(text: str) -> None:
    found = measure(text, "11月底前")
    assert shown(found) == ["24-11-30"]
    assert "event-relative" in found.review


@pytest.mark.parametrize("text", ["提前谋划部署。", "会前公开材料。", "完善目前已公开的目录。"])
def test_words_that_name_no_event_ask_nothing(text: str) -> None:
    assert measure(text, "11月底前").review == ()


@pytest.mark.parametrize(
    "text",
    ["月底前报送信息。", "当月25日前报送台账。", "逢季末报送总结。", "每双周的周五前报送动态。",
     "每个工作日更新专栏。", "每周一、周四前更新。", "隔周报送动态。", "次月5日前报送台账。",
     "逢双月10日前报送。", "每日更新专栏。", "每月初报送。", "每旬报送。"],
)  # fmt: skip
def test_a_repetition_that_is_not_wholly_read_is_asked(text: str) -> None:
    assert "not-understood" in measure(text, "年底前").review


@pytest.mark.parametrize(
    "text",
    ["审批时限压缩至1个工作日以内。", "实现企业开办1个工作日内办结。", "平均办理时间减至3天以内。",
     "时限由7个工作日缩短为3个工作日以内。", "办理时限控制在2小时内。"],
)  # fmt: skip
def test_a_duration_that_is_to_be_reached_is_no_doubt_beside_a_date(text: str) -> None:
    assert measure(text, "6月30日前").review == ()


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        ("2024年\n6月底前", "2024年6月底前"),
        ("2024\n年6月底前", "2024年6月底前"),
        ("2024年6月3\n0日前", "2024年6月30日前"),
        ("2024年6月\n30日前", "2024年6月30日前"),
        ("每季度\n末月20日前", "每季度末月20日前"),
        ("每月\n5日前", "每月5日前"),
        ("次年\n1月底前", "次年1月底前"),
        ("长期持\n续推进", "长期持续推进"),
        ("2024年上\n半年", "2024年上半年"),
        ("6月底前\n12月底前", "6月底前；12月底前"),
        ("上、\n下半年各一次", "上、下半年各一次"),
        ("2024年6月\u200b底前", "2024年6月底前"),
        ("2024年\ufeff6\u200e月底前", "2024年6月底前"),
    ],
)
def test_where_a_cell_is_wrapped_changes_nothing(write, torn: str, whole: str) -> None:
    def read(cell: str) -> tuple[object, ...]:
        head = ["序号", "任务名称", "具体内容", "责任单位", "完成时限"]
        rows = [head, ["1", "平台建设", "编目录。", "县财政局、县教育局", cell],
                ["2", "专栏建设", "建专栏。", "县财政局", "9月底前"]]  # fmt: skip
        plan = read_plan(*write("临江县2024年政务公开工作任务分解表", rows))
        (found,) = plan.tasks[0].measures
        return found.due, found.continuous, found.recurrence, found.review

    assert read(torn) == read(whole)


def test_a_line_under_a_row_of_a_text_file_goes_on_in_its_last_cell() -> None:
    text = (
        "临江县2024年政务公开工作任务分解表\n序号\t任务名称\t具体内容\t责任单位\n"
        "1\t甲\t编目录。\t县财政局、\n县教育局\n2\t乙\t建专栏。\t县政\n府办公室\n"
        "3\t丙\t公开。\t县司法局\n"
        "县审计局\n4\t丁\t解读。\t县司法局\n临江县人民政府办公室\n"
    )
    plan = read_plan("plan.txt", text.encode())
    assert [list(task.responsible.names) for task in plan.tasks] == [
        ["县财政局", "县教育局"],
        ["县政府办公室"],
        ["县司法局", "县审计局"],
        ["县司法局"],
    ]


def test_a_plan_of_several_years_leaves_a_yearless_date_to_a_person() -> None:
    text = (
        "临江县2021—2025年政务公开规划任务分解表\n序号\t任务名称\t具体内容\t责任单位\t完成时限\n"
        "1\t甲\t编目录。\t县财政局\t6月底前\n2\t乙\t建专栏。\t县财政局\t2023年6月底前\n"
    )
    first, second = (task.measures[0] for task in read_plan("plan.txt", text.encode()).tasks)
    assert (first.due, first.review) == ((), ("not-understood",))
    assert (shown(second), second.review) == (["23-06-30"], ())
