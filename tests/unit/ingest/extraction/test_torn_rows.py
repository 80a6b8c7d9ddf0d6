"""Rows that a page or a wrapped line tore are joined, and whole rows stay apart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ingest.extraction.rows import HEADER, brief, dues, read


def test_a_duty_torn_by_a_page_is_joined_where_no_name_tells() -> None:
    found = read("内容|责任单位", "公开预算，|县财政局", "^并接受监督。|", "^编目录。|县教育局")
    assert [m.text for t in found.tasks for m in t.measures] == [
        "公开预算，并接受监督。",
        "编目录。",
    ]


def test_a_long_first_clause_is_cut_at_its_comma_for_the_name() -> None:
    long = "围绕公共服务和民生保障领域的各项重点工作" * 2
    found = read("内容|责任单位", f"{long}，编制目录并公开。|县财政局")
    assert found.tasks[0].name == long


def test_units_cut_off_by_a_page_are_mended() -> None:
    found = read(
        HEADER,
        "1|甲|编目录。||6月底",
        "^|||县财政局|",
        "2|乙|建专栏。|县教育局|6月底",
        "^|||、县民政局|9月底",
    )
    assert brief(found) == [
        (1, "甲", ["县财政局"], ["编目录。"]),
        (2, "乙", ["县教育局", "县民政局"], ["建专栏。"]),
    ]
    assert dues(found) == [["2023-06-30"], ["2023-06-30", "2023-09-30"]]


def test_a_deadline_cut_in_two_is_one() -> None:
    found = read(HEADER, "1|甲|公开预算，|县财政局|2023年", "^||接受监督。||6月底前")
    assert dues(found) == [["2023-06-30"]]


def test_a_page_break_may_leave_a_duty_of_the_same_task_whole() -> None:
    found = read(HEADER, "1|甲|编目录。|县财政局|6月底", "^|乙名|建专栏。||9月底")
    assert [m.text for t in found.tasks for m in t.measures] == ["编目录。", "建专栏。"]


def test_a_name_or_units_without_a_duty_belong_to_the_row_above() -> None:
    found = read(
        HEADER,
        "1|甲|编目录。|县财政局|6月底",
        "|的后半||县教育局|",
        "2|乙|建专栏。||",
        "|||县审计局|9月底",
    )
    assert [(t.name, list(t.responsible.names)) for t in found.tasks] == [
        ("甲的后半", ["县财政局", "县教育局"]),
        ("乙", ["县审计局"]),
    ]
    assert dues(found) == [["2023-06-30"], ["2023-09-30"]]


def test_a_tear_before_any_unit_was_named_waits_for_the_unit() -> None:
    found = read(HEADER, "1|甲|编目录。||6月底", "^||建专栏。|县财政局|")
    assert brief(found) == [(1, "甲", ["县财政局"], ["编目录。", "建专栏。"])]


def test_a_name_over_two_columns_is_torn_as_a_name() -> None:
    found = read(
        HEADER,
        "1|公开|财政|编目录，促公开。|县财政局|6月底",
        "2|解读||建专栏，|县政府办|6月底",
        "^|回应||接受监督。||",
    )
    assert [(t.category, t.name) for t in found.tasks] == [("公开", "财政"), ("公开", "解读回应")]


WRAPPED = "序号|类别|问题|措施|责任单位|整改时限"


def test_lines_of_cells_that_were_printed_as_rows_are_joined() -> None:
    found = read(
        WRAPPED,
        "1|政策解读|解读材料|1.完善|县司法局、县政|2023年7",
        "||没有关联。|关联；2.健全|府办|月31日前",
        "|||机制。||",
        "2|主动公开|栏目更新|更新栏目，|县人社局|2023年8月",
        "||不及时。|接受监督。||31日前，长期坚持",
    )
    assert brief(found) == [
        (1, "解读材料没有关联。", ["县司法局", "县政府办"], ["1.完善关联；", "2.健全机制。"]),
        (2, "栏目更新不及时。", ["县人社局"], ["更新栏目，接受监督。"]),
    ]
    assert dues(found) == [["2023-07-31"], ["2023-07-31"], ["2023-08-31"]]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("县财政局|6月底前", "县教育局|9月底前"),
        ("县财政局|6月底前", "|"),
        ("全体干部|6月底前", "县教育局|9月底前"),
        ("县财政局|", "县教育局|底前"),
        ("县财政局|长期", "县教育局|月底前"),
    ],
)
def test_rows_whose_halves_are_whole_stay_apart(above: str, below: str) -> None:
    found = read(HEADER, f"1|甲|编目录。|{above}", f"||建专栏。|{below}")
    assert [m.text for t in found.tasks for m in t.measures] == ["编目录。", "建专栏。"]


@given(st.data())
@settings(max_examples=60)
def test_any_wrapping_of_a_deadline_and_units_reads_as_one_row(data: st.DataObject) -> None:
    units, due = "县财政局、县教育局", "2023年6月30日前"
    whole = read(HEADER, f"1|甲|编目录，促公开。|{units}|{due}")
    at = data.draw(st.sampled_from([6, 7, 8, 9]))  # inside 2023年6月30日
    cut = data.draw(st.sampled_from([4, 5, 6]))  # before, after, inside a name
    torn = read(
        HEADER,
        f"1|甲|编目录，|{units[:cut]}|{due[:at]}",
        f"||促公开。|{units[cut:]}|{due[at:]}",
    )
    assert torn.tasks == whole.tasks
