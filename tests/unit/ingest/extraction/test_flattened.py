"""Tables as web archives keep them: cell by cell, between bars, merged cells printed once."""

import pytest

from services.ingest.documents.grid import Paragraph, Table
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.table.flattened import rebuild_table


def plan(*lines: str) -> ParsedPlan:
    return read_plan("a.txt", "\n".join(["青溪县2023年任务分解表", *lines]).encode())


def brief(found: ParsedPlan) -> list[tuple[str, list[str], list[str]]]:
    return [
        (m.text, list(t.responsible.names), [str(d) for d in m.due])
        for t in found.tasks
        for m in t.measures
    ]


WHOLE = [
    ("修建东门跨河大桥。", ["县住建局", "县水务局"], ["2023-12-31"]),
    ("建成养老护理院。", ["县民政局"], ["2023-05-31"]),
    ("建成老年大学。", ["县民政局"], ["2023-12-31"]),
]


def test_cells_on_lines_of_their_own_are_put_into_rows() -> None:
    found = plan(
        "任务", "具体内容", "责任单位", "完成时限",
        "交通", "修建东门跨河大桥。", "县住建局", "县水务局", "12月底前",
        "民政", "建成养老护理院。", "县民政局", "5月底前动工",
        "建成老年大学。", "12月底前",
        "分享到：",
    )  # fmt: skip
    assert brief(found) == WHOLE
    assert [t.name for t in found.tasks] == ["交通", "民政"]


@pytest.mark.parametrize("bar", ["\n|\n", " |\n", "|"])
def test_cells_between_bars_are_put_into_rows(bar: str) -> None:
    cells = [
        "任务", "具体内容", "责任单位", "完成时限",
        "交通", "修建东门跨河大桥。", "县住建局\n县水务局", "12月底前",
        "民政", "建成养老护理院。", "县民政局", "5月底前动工",
        "建成老年大学。", "县民政局", "12月底前",
    ]  # fmt: skip
    found = plan(bar.join(cells) + bar, "（盖章）")
    assert brief(found) == WHOLE


def test_every_row_may_begin_with_a_bar_too() -> None:
    found = plan(
        "|", "任务", "|", "内容", "|", "责任单位", "|", "|",
        "交通", "|", "修建东门跨河大桥。", "|", "县住建局", "|", "|",
        "整治南门交通拥堵。", "|", "县公安局", "|", "|",
        "民政", "|", "建成养老护理院。", "|", "县民政局", "|",
    )  # fmt: skip
    assert [(t.name, list(t.responsible.names)) for t in found.tasks] == [
        ("交通", ["县住建局"]),
        ("交通", ["县公安局"]),
        ("民政", ["县民政局"]),
    ]


def test_numbers_may_stand_under_the_label_of_the_duties() -> None:
    found = plan(
        "任务|具体内容|责任单位|时限|甲|1|编制目录清单。|县财政局|年底前|乙|2|建设公开专栏。|县教育局|持续推进|"
    )
    assert [(t.number, t.name) for t in found.tasks] == [(1, "甲"), (2, "乙")]


def test_numbers_in_a_column_of_their_own_are_kept() -> None:
    found = plan(
        "序号|任务|类别|责任单位|3|编制目录清单。|公开|县财政局|5|建设公开专栏。|公开|县教育局|"
    )
    assert [t.number for t in found.tasks] == [3, 5]


def test_a_section_between_bars_becomes_the_category() -> None:
    found = plan(
        "任务|具体内容|责任单位|时限|",
        "一、主动公开|",
        "|||",
        "甲|编制目录清单。|县财政局|年底前|",
    )
    assert [(t.category, t.name) for t in found.tasks] == [("一、主动公开", "甲")]


def test_the_first_cell_may_look_like_a_label() -> None:
    found = plan(
        "任务名称", "具体内容", "责任单位", "完成时限",
        "重点任务", "编制目录清单。", "县财政局", "年底前",
        "一般任务", "建设公开专栏。", "县教育局", "6月底前",
    )  # fmt: skip
    assert [t.name for t in found.tasks] == ["重点任务", "一般任务"]


@pytest.mark.parametrize(
    "lines",
    [
        ["任务", "责任单位", "甲", "县财政局"],
        ["任务", "具体内容", "责任单位"],
        ["任务", "具体内容", "责任单位", "张三", "李四", "王五"],
        ["任务", "具体内容", "说明", "甲", "乙", "丙"],
        ["责任单位", "完成时限", "进展", "甲", "乙", "丙"],
        ["任务"],
        ["责任单位", "完成时限", "任务", "甲", "乙", "丙"],
        ["三年规划", "任务", "内容", "责任单位之外还有许多别的文字", "甲"],
    ],
)
def test_other_lines_are_no_table(lines: list[str]) -> None:
    assert rebuild_table([Paragraph(text, "p") for text in lines]) is None


def test_what_stands_before_and_after_stays_a_paragraph() -> None:
    lines = ["题目", "任务", "具体内容", "责任单位", "甲", "编制目录清单。", "县财政局", "（盖章）"]
    blocks = rebuild_table([Paragraph(text, text) for text in lines])
    assert blocks is not None
    before, table, after = blocks
    assert isinstance(table, Table)
    assert [len(row.cells) for row in table.rows] == [3, 3]
    assert (before, after) == (Paragraph("题目", "题目"), Paragraph("（盖章）", "（盖章）"))


def test_cells_that_a_merged_one_left_gaps_for_are_shifted_back() -> None:
    found = plan(
        "工作任务 | 具体要求 | 责任部门 |",
        "一、财政公开 | 1.公开预算。 | 财务科 |",
        "2.公开决算。 | 各科室 | |",
        "3.更新专栏。 | 办公室牵头,各科室配合 | |",
        "二、政策解读 | 4.同步解读。 | 各科室 |",
    )
    assert [(t.name, list(t.responsible.names)) for t in found.tasks] == [
        ("一、财政公开", ["财务科"]),
        ("一、财政公开", ["各科室"]),
        ("一、财政公开", ["办公室", "各科室"]),
        ("二、政策解读", ["各科室"]),
    ]


def test_a_row_that_fits_nowhere_better_stays_as_printed() -> None:
    found = plan(
        "工作任务\t具体要求\t责任部门\t时限",
        "财政公开\t公开预算。\t财务科\t年底",
        "公开决算，接受监督。\t甲\t\t",
    )
    assert [t.name for t in found.tasks] == ["财政公开", "公开决算，接受监督。"]
