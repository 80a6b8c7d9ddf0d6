"""Rows to tasks: merged, torn and repeated cells, rows that are none, pages cut differently."""

import pytest

from services.ingest.documents.grid import Cell, Document, Paragraph, Row, Table
from services.ingest.extraction.plans.plan import extract_plan
from tests.unit.ingest.extraction.rows import HEADER, brief, dues, read


@pytest.mark.parametrize("ditto", ["同上", "〃", '"', "″"])
def test_同上_repeats_the_cell_above(ditto: str) -> None:  # noqa: N802, PLC2401
    found = read(
        HEADER,
        "1|甲|编目录。|县财政局|6月底",
        f"2|乙|建专栏。|{ditto}|{ditto}",
        f"|||{ditto}|",
        f"||抓整改。|{ditto}|{ditto}",
    )
    assert brief(found) == [
        (1, "甲", ["县财政局"], ["编目录。"]),
        (2, "乙", ["县财政局"], ["建专栏。", "抓整改。"]),
    ]
    assert dues(found) == [["2023-06-30"]] * 3


def test_同上_with_nothing_above_says_nothing() -> None:  # noqa: N802, PLC2401
    found = read(HEADER, "1|甲|编目录。|县财政局|同上")
    assert found.tasks[0].measures[0].review == ("no-deadline",)


def test_a_table_of_duties_alone_makes_every_row_a_task() -> None:
    found = read("内容|责任单位|时限", "编目录。|县财政局|6月底", "建专栏。|县教育局|9月底", "||")
    assert [t.number for t in found.tasks] == [1, 2]
    assert [t.name for t in found.tasks] == ["编目录", "建专栏"]


def test_units_of_their_own_make_a_row_a_task_of_its_own() -> None:
    found = read(HEADER, "1|甲|编目录。|县财政局|6月底", "||建专栏。|县教育局|")
    assert brief(found) == [
        (1, "甲", ["县财政局"], ["编目录。"]),
        (1, "甲", ["县教育局"], ["建专栏。"]),
    ]
    assert dues(found) == [["2023-06-30"], ["2023-06-30"]]


def test_a_frequency_column_tells_how_often() -> None:
    found = read(
        "序号|任务|内容|责任单位|时限|频次",
        "1|甲|编目录。|县财政局|年底前|每季度1次",
        "2|乙|建专栏。|县财政局|年底前|每月5日前",
        "3|丙|抓整改。|县财政局|年底前|不定期",
        "4|丁|发公报。|县财政局||",
    )
    first, second, third, fourth = (m for t in found.tasks for m in t.measures)
    assert first.recurrence is not None
    assert first.recurrence.per == "quarter"
    assert len(second.due) == 13
    assert third.review == ("period-open",)
    assert fourth.review == ("no-deadline",)


@pytest.mark.parametrize(
    "row",
    [
        "合计|2项|||",
        "填表人：张三||审核人：李四||联系电话：1",
        "（盖章）||||",
        "单位负责人（签字）：||填报日期|||",
        "注：本表由县政府办解释。||||",
        "||||",
    ],
)
def test_totals_signatures_and_notes_are_no_tasks(row: str) -> None:
    found = read(HEADER, "1|甲|编目录。|县财政局|6月底", row)
    assert brief(found) == [(1, "甲", ["县财政局"], ["编目录。"])]


@pytest.mark.parametrize(
    "row", ["一、主动公开||||", "一|主动公开|||", "（一）|主动公开|||", "主动公开||||"]
)
def test_a_heading_in_a_row_is_a_category(row: str) -> None:
    found = read(HEADER, row, "1|甲|编目录。|县财政局|6月底")
    (task,) = found.tasks
    assert task.category in ("一、主动公开", "主动公开")
    assert task.number == 1


@pytest.mark.parametrize("name", ["审核把关", "联系群众"])
def test_a_name_that_begins_like_a_signature_is_a_name(name: str) -> None:
    found = read(HEADER, f"1|{name}|编目录。|县财政局|6月底", f"|{name}|||")
    assert [t.name for t in found.tasks] == [name * 2]


def test_a_numeral_with_a_sentence_is_a_task() -> None:
    found = read(HEADER, "一||编目录。||", "二|乙|建专栏。|县财政局|6月底")
    assert [t.number for t in found.tasks] == [1, 2]


def test_numbers_of_several_levels_count_the_rows() -> None:
    found = read(HEADER, "1.1|甲|编目录。|县财政局|6月底", "1.2|乙|建专栏。|县财政局|6月底")
    assert [t.number for t in found.tasks] == [1, 2]


def test_a_page_with_a_column_more_or_less_is_fitted() -> None:
    found = read(
        HEADER,
        "1|甲|编目录。|县财政局|6月底",
        "^2|公开|乙|建专栏，接受监督。|县教育局|9月底",
        "^抓整改，促落实。|县民政局|10月底",
        "^5|戊|发公报，送公众。|县政府办",
    )
    texts = [m.text for t in found.tasks for m in t.measures]
    assert texts == ["编目录。", "建专栏，接受监督。", "抓整改，促落实。", "发公报，送公众。"]
    assert [list(t.responsible.names) for t in found.tasks] == [
        ["县财政局"], ["县教育局"], ["县民政局"], ["县政府办"]
    ]  # fmt: skip


def test_rows_that_fit_no_header_are_reported() -> None:
    found = read(HEADER, "1|甲|编目录。|县财政局|6月底", "^一二三四五六。|七八。", "^|")
    assert [(w.where, w.message) for w in found.warnings] == [
        ("row 2", "未读取的行：一二三四五六。｜七八。")
    ]


def test_what_is_no_unit_is_reported() -> None:
    found = read(HEADER, "1|甲|编目录。|县财政局、" + "长" * 31 + "|6月底")
    assert [w.message for w in found.warnings] == ["这不像责任单位：" + "长" * 31]


def test_a_deadline_among_the_units_serves_where_there_is_no_other() -> None:
    found = read(
        HEADER, "1|甲|编目录。|县财政局、9月底前|", "2|乙|编目录。|县财政局、9月底前|6月底"
    )
    assert dues(found) == [["2023-09-30"], ["2023-06-30"]]
    assert [w.message for w in found.warnings] == ["责任单位栏中的时限：9月底前"]


def test_without_a_year_a_yearless_date_waits_for_a_person() -> None:
    found = read(
        HEADER, "1|甲|编目录。|县财政局|6月底", "2|乙|编目录。|县财政局|每月5日前", title="任务表"
    )
    assert [m.review for t in found.tasks for m in t.measures] == [("not-understood",)] * 2


@pytest.mark.parametrize("cell", ["每月32日前", "每年2月30日前", "上半年前", "2101年底", "每年0次"])
def test_days_that_no_calendar_has_are_never_read(cell: str) -> None:
    found = read(HEADER, f"1|甲|编目录。|县财政局|{cell}")
    assert dues(found) == [[]]
    assert found.tasks[0].measures[0].review


def test_a_header_that_every_page_repeats_is_no_task() -> None:
    lines = [line for n in range(1, 1500) for line in (HEADER, f"{n}|甲|编目录。|县财政局|6月底")]
    assert [t.number for t in read(*lines).tasks] == list(range(1, 1500))


@pytest.mark.parametrize(
    "line",
    ["^2|乙|建专栏，接受监督。|县教育局|9月底||", "^2|乙|建专栏，接受监督。|县教育局|9月底|"],
)
def test_empty_columns_at_a_pages_end_are_ignored(line: str) -> None:
    found = read(HEADER, "1|甲|编目录。|县财政局|6月底", line)
    assert brief(found)[1] == (2, "乙", ["县教育局"], ["建专栏，接受监督。"])


def test_a_page_with_a_column_more_than_a_table_without_names() -> None:
    found = read("序号|内容|责任单位", "1|编目录。|县财政局", "^2|乙|建专栏，接受监督。|县教育局")
    assert brief(found)[1] == (2, "乙", ["县教育局"], ["建专栏，接受监督。"])


def test_a_merged_category_that_shows_once_holds_for_all_its_rows() -> None:
    rows = [
        Row(tuple(map(Cell, ("序号", "类别", "任务", "内容", "责任单位"))), "row 0"),
        Row(tuple(map(Cell, ("1", "公开", "甲", "编目录。", "县财政局"))), "row 1"),
        Row(
            (Cell("2"), Cell("", above=True), Cell("乙"), Cell("建专栏。"), Cell("县教育局")),
            "row 2",
        ),
    ]
    blocks = (Paragraph("青溪县2023年任务表", "title"), Table(tuple(rows), "table", exact=True))
    found = extract_plan(Document("a.txt", blocks))
    assert found is not None
    assert [t.category for t in found.tasks] == ["公开", "公开"]
