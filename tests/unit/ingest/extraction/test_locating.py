"""Each value of a plan is found again in the document: by the cell that a person would point to."""

import io

import openpyxl

from services.ingest.extraction.plans.reading import read_plan_with_source
from services.ingest.extraction.source import MeasureCells, PlanReading

HEADER = "序号\t任务\t内容\t责任单位\t时限"


def read_text(*lines: str) -> PlanReading:
    return read_plan_with_source("plan.txt", "\n".join(lines).encode())


def list_texts(reading: PlanReading) -> dict[str, str]:
    """The text of each cell and paragraph, by its id."""
    blocks = reading.source.blocks
    cells = {cell.id: cell.text for block in blocks for row in block.rows for cell in row.cells}
    return cells | {block.id: block.text for block in blocks if block.text}


def point(reading: PlanReading, cells: MeasureCells) -> tuple[str, str, list[str], str]:
    """The texts that a measure's values are said to come from."""
    texts = list_texts(reading) | {"": ""}
    names = [texts[each] for each in cells.names]
    return texts[cells.task_name], texts[cells.text], names, texts[cells.due]


def test_values_of_a_row_come_from_its_cells() -> None:
    reading = read_text(
        "绿源县2022年工作台账",
        HEADER,
        "1\t阳光财政\t公开预算。\t县财政局\t3月底前",
        "2\t阳光执法\t公开决定。\t县司法局、县财政局\t3月底前",
    )
    first, second = (point(reading, cells) for cells in reading.source.measures)
    assert first == ("阳光财政", "公开预算。", ["县财政局"], "3月底前")
    assert second == ("阳光执法", "公开决定。", ["县司法局、县财政局"], "3月底前")
    assert reading.source.measures[0].due != reading.source.measures[1].due


def test_blank_cells_below_a_shared_one_lead_to_it() -> None:
    reading = read_text(
        "绿源县2022年工作台账",
        HEADER,
        "1\t阳光财政\t公开预算。\t县财政局\t3月底前",
        "\t\t公开决算。\t\t",
        "2\t阳光执法\t公开决定。\t县司法局\t6月底前",
    )
    cells = reading.source.measures
    assert point(reading, cells[1]) == ("阳光财政", "公开决算。", ["县财政局"], "3月底前")
    assert (cells[0].names, cells[0].due) == (cells[1].names, cells[1].due)


def test_a_merged_cell_is_shown_once_with_its_size() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["绿源县2022年工作台账", None, None, None, None],
        HEADER.split("\t"),
        [1, "阳光财政", "公开预算。", "县财政局", "3月底前"],
        [None, None, "公开决算。", None, None],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:E1")
    sheet.merge_cells("D3:D4")
    sheet.merge_cells("E3:E4")
    out = io.BytesIO()
    book.save(out)
    reading = read_plan_with_source("plan.xlsx", out.getvalue())
    rows = [row for block in reading.source.blocks for row in block.rows]
    banner, units = rows[0].cells[0], rows[2].cells[3]
    assert (banner.columns, banner.rows, units.columns, units.rows) == (5, 1, 1, 2)
    assert [cell.text for cell in rows[3].cells] == ["", "", "公开决算。"]
    second = point(reading, reading.source.measures[1])
    assert second[2:] == (["县财政局"], "3月底前")
    assert rows[2].place == "sheet Sheet, row 3"


def test_duties_in_paragraphs_come_from_them() -> None:
    reading = read_text(
        "绿源县2022年政务公开工作要点",
        "一、加强公开",
        "1.公开预算，3月底前完成。（责任单位：县财政局）",
        "2.公开决定，6月底前完成。（责任单位：县司法局）",
    )
    first, second = (point(reading, cells) for cells in reading.source.measures)
    assert first[1].startswith("1.公开预算")
    assert first[2] == [first[1]]
    assert second[1].startswith("2.公开决定")


def test_the_plan_is_the_same_with_its_source() -> None:
    lines = ("绿源县2022年工作台账", HEADER, "1\t甲\t公开预算。\t县财政局\t3月底前")
    reading = read_text(*lines)
    assert len(reading.source.measures) == sum(len(task.measures) for task in reading.plan.tasks)
    texts = [cell.id for block in reading.source.blocks for row in block.rows for cell in row.cells]
    assert len(texts) == len(set(texts))
