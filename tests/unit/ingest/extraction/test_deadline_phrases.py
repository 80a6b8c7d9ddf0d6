"""The deadlines of real tables, one by one: understood, or marked for a person."""

import pytest

from tests.unit.ingest.extraction.single_measures import days, measure

IN_CELL = [
    ("2024年年底", "2024-12-31"),
    ("2024年底前", "2024-12-31"),
    ("2024 年底前", "2024-12-31"),
    ("2024年年底前", "2024-12-31"),
    ("2024年末", "2024-12-31"),
    ("２０２４年年底", "2024-12-31"),
    ("二〇二四年年底", "2024-12-31"),
    ("2024年8月底", "2024-08-31"),
    ("2024年6月底前完成", "2024-06-30"),
    ("2024年12月底前报送", "2024-12-31"),
    ("2024年2月底前", "2024-02-29"),
    ("2024年3月15日前", "2024-03-15"),
    ("到2024年", "2024-12-31"),
    ("到2025年底前", "2025-12-31"),
    ("到2027年", "2027-12-31"),
    ("2024年", "2024-12-31"),
    ("年底前", "2024-12-31"),
    ("年内", "2024-12-31"),
    ("12月底前", "2024-12-31"),
    ("5月底前动工", "2024-05-31"),
    ("9月投入使用", "2024-09-30"),
    ("6月底完成", "2024-06-30"),
    ("6月底前", "2024-06-30"),
    ("六月底前", "2024-06-30"),
    ("十二月底前", "2024-12-31"),
    ("1月31日前", "2024-01-31"),
    ("6月10日前", "2024-06-10"),
    ("2月29日前", "2024-02-29"),
    ("11月前", "2024-10-31"),
    ("12月前", "2024-11-30"),
    ("1月前", "2023-12-31"),
    ("6月上旬", "2024-06-10"),
    ("6月中旬前", "2024-06-20"),
    ("6月下旬", "2024-06-30"),
    ("上半年", "2024-06-30"),
    ("下半年", "2024-12-31"),
    ("第一季度", "2024-03-31"),
    ("三季度末前", "2024-09-30"),
    ("2024年第4季度", "2024-12-31"),
    ("第三季度前", "2024-06-30"),
    ("2024年3月至6月", "2024-06-30"),
    ("3-6月", "2024-06-30"),
    ("2024年3—11月", "2024-11-30"),
    ("2024年1月1日-2024年6月15日", "2024-06-15"),
    ("2024.6.30", "2024-06-30"),
    ("2024-06-30", "2024-06-30"),
    ("2024/6/30", "2024-06-30"),
    ("2024.6", "2024-06-30"),
    ("20240630", "2024-06-30"),
    ("202406", "2024-06-30"),
    ("45473", "2024-06-30"),
    ("次年1月31日前", "2025-01-31"),
    ("2024年12月", "2024-12-31"),
    ("立行立改，2024年10月底前", "2024-10-31"),
]


@pytest.mark.parametrize(("cell", "due"), IN_CELL)
def test_a_deadline_in_the_cell_is_read(cell: str, due: str) -> None:
    found = measure("完善目录。", cell)
    assert found.due == days(due)
    assert found.continuous is False
    assert found.recurrence is None
    problems = {"before-document"} if due < "2024" else set()
    assert set(found.review) == problems


IN_TEXT = [
    ("8月底前实现统一查询。", ["2024-08-31"]),
    ("争取6月底前开工10所，12月底前全部开工。", ["2024-06-30", "2024-12-31"]),
    ("11月前全面完成，12月查漏补缺和完善提升。", ["2024-10-31", "2024-12-31"]),
    ("原则上于2024年4月底前完成清理、2024年6月底前完成公布。", ["2024-04-30", "2024-06-30"]),
    ("2024年2月3日前报初稿，2月7日前报定稿。", ["2024-02-03", "2024-02-07"]),
    ("到2025年底基本建成。", ["2025-12-31"]),
    ("每年1月31日前公开上年度报告。", ["2024-01-31"]),
    ("2020年起，每年2月底前报送计划。", ["2024-02-29"]),
    ("每年4月1日之前公布。", ["2024-04-01"]),
    ("每年12月15日前送审，每年2月1日前公布。", ["2024-02-01", "2024-12-15"]),
    ("每季度末月20日前报送进展。",
     ["2024-03-20", "2024-06-20", "2024-09-20", "2024-12-20"]),
    ("于每季度末向县政府报告。",
     ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]),
    ("6月、12月底前各报送一份总结。", ["2024-06-30", "2024-12-31"]),
    ("2024年底前报告全年落实情况。", ["2024-12-31"]),
    ("9月投入使用。", ["2024-09-30"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "due"), IN_TEXT)
def test_a_date_in_the_text_beats_the_cell(text: str, due: list[str]) -> None:
    found = measure(text, "2024年11月底")
    assert found.due == days(*due)
    assert found.review == ()


NO_DEADLINE_IN_TEXT = [
    "落实2022年12月印发的通知要求。",
    "自2023年5月1日起施行的办法要抓好落实。",
    "按照国办发〔2019〕6号文件要求做好解读。",
    "完善12345政务服务便民热线知识库。",
    "推进2024年度重大行政决策事项目录公开。",
    "做好2023年以来规范性文件的清理。",
    "第2季度网站检查中发现的问题要立即整改。",
]


@pytest.mark.parametrize("text", NO_DEADLINE_IN_TEXT)
def test_a_date_that_ends_nothing_leaves_the_cells_deadline(text: str) -> None:
    found = measure(text, "2024年11月底")
    assert found.due == days("2024-11-30")


REPEATED = [
    ("每月5日前", [f"2024-{m:02d}-05" for m in range(1, 13)]),
    ("每月底前", ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31",
                  "2024-06-30", "2024-07-31", "2024-08-31", "2024-09-30", "2024-10-31",
                  "2024-11-30", "2024-12-31"]),
    ("每季度末", ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]),
    ("每季度末月20日前", ["2024-03-20", "2024-06-20", "2024-09-20", "2024-12-20"]),
    ("每季度最后一个月20日前", ["2024-03-20", "2024-06-20", "2024-09-20", "2024-12-20"]),
    ("每季度首月10日前", ["2024-01-10", "2024-04-10", "2024-07-10", "2024-10-10"]),
    ("每半年末", ["2024-06-30", "2024-12-31"]),
    ("每年底", ["2024-12-31"]),
    ("每年3月底前", ["2024-03-31"]),
    ("每年6月、12月底前", ["2024-06-30", "2024-12-31"]),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "due"), REPEATED)
def test_a_day_that_repeats_is_expanded_within_the_year(cell: str, due: list[str]) -> None:
    found = measure("报送工作进展。", cell)
    assert found.due == days(*due)
    assert found.review == ()


@pytest.mark.parametrize(
    "cell",
    ["信息形成或者变更之日起20个工作日内", "信息形成后，7个工作日内公开", "20个工作日内",
     "部门预算经本级财政部门批复后20日内公开", "收到建议、提案之日起3个月内", "会后7日内",
     "会后5个工作日内报告落实情况", "文件印发后", "信息形成后"],
)  # fmt: skip
def test_a_deadline_that_counts_from_an_event_is_marked(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert "event-relative" in found.review
    assert found.due == ()


@pytest.mark.parametrize("cell", ["2024年2月30日前", "2024年6月31日", "13月底前", "2023年2月29日"])
def test_a_date_that_does_not_exist_is_marked(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert "no-such-date" in found.review
    assert found.due == ()


@pytest.mark.parametrize(
    "cell",
    ["按上级要求", "视情况而定", "1年", "6个月", "按时间节点", "年中", "6月初", "良好以上",
     "每两年一次", "每月最后一个工作日前", "每季度结束后5日内", "2024年6月底（视上级安排调整）",
     "2022年底11月前", "已完成", "即日起"],
)  # fmt: skip
def test_a_deadline_that_is_not_understood_goes_to_a_person(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert {"not-understood", "event-relative"} & set(found.review)


@pytest.mark.parametrize("cell", ["", "/", "—", "无"])
def test_a_cell_that_says_nothing_is_no_deadline(cell: str) -> None:
    found = measure("公开信息。", cell)
    assert found.review == ("no-deadline",)
    assert found.due == ()


@pytest.mark.parametrize("cell", ["定期", "不定期", "适时", "及时"])
def test_an_open_period_in_the_cell_is_marked(cell: str) -> None:
    assert measure("公开信息。", cell).review == ("period-open",)


@pytest.mark.parametrize("text", ["定期清理过时内容。", "主要负责人要定期听取汇报。"])
def test_an_open_period_in_the_text_is_marked(text: str) -> None:
    assert "period-open" in measure(text, "2024年年底").review


def test_a_year_long_gone_is_marked() -> None:
    found = measure("公开信息。", "2011年底前", year=2020)
    assert found.review == ("before-document",)
    assert found.due == days("2011-12-31")
