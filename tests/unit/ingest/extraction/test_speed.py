"""A long table is read within seconds, whatever its format."""

import time

import pytest

from services.ingest.documents.grid import Cell, Document, Paragraph, Row, Table
from services.ingest.extraction.plans import plan_of
from services.ingest.extraction.reading import read_plan

ROWS = 1_500
LIMIT = 10.0
"""CPU seconds. A quiet machine takes about one; shared ones are given room."""
MOMENT = 3.0
"""CPU seconds for one hostile cell: most take a hundredth of one."""


def test_a_long_table_is_read_in_seconds(write) -> None:
    rows = [["序号", "任务名称", "具体内容", "责任单位", "完成时限"]]
    rows += [
        [
            str(n),
            f"任务{n}",
            f"公开第{n}类事项目录，完善公开流程。",
            "县财政局、县审计局等部门",
            "6月底前",
        ]
        for n in range(1, ROWS + 1)
    ]
    name, data = write("云岭县2023年政务公开任务分解表", rows)
    started = time.process_time()
    plan = read_plan(name, data)
    assert time.process_time() - started < LIMIT
    assert [task.number for task in plan.tasks] == list(range(1, ROWS + 1))
    assert all(len(task.measures) == 1 for task in plan.tasks)


HOSTILE = {
    "one digit": "1" * 9_000,
    "months": "1月、" * 3_000,
    "commas": "、" * 9_000,
    "blanks": " " * 9_000 + "局",
    "periods": "每年至少" * 2_000,
    "open brackets": "（" * 9_000,
    "brackets": "（县财政局）" * 1_500,
    "open lists": "等有关" * 3_000,
    "joined names": "县财政局及" * 2_000,
    "one letter": "政" * 9_000,
    "labels": "责任单位：县财政局；" * 900,
    "numbers": "1.甲。" * 2_000,
    "dates": "2023年6月30日前、" * 900,
    "numerals": "一二三四五六七八九十" * 900,
    "years": "年" * 9_000,
    "groups": "各县、" * 3_000,
    "spans": "6-" * 4_000,
    "events": "会后3" * 3_000,
    "floors": "不低于" * 3_000 + "5%",
    "lines": "甲\n" * 4_000,
    "halves": "上半年、下半年各" * 1_000,
    "bars": "|" * 9_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("column", [0, 1, 2, 3, 4, None])
def test_no_cell_or_line_can_hold_the_reader_up(name: str, column: int | None) -> None:
    words = HOSTILE[name]
    cells = ["1", "名称", "做好公开。", "县财政局", "6月底前"]
    title = Paragraph("云岭县2023年政务公开任务分解表", "line 1")
    if column is None:
        blocks = (title, Paragraph(words, "line 2"), Paragraph("责任单位：县财政局", "line 3"))
    else:
        cells[column] = words
        header = ["序号", "任务名称", "具体内容", "责任单位", "完成时限"]
        rows = tuple(Row(tuple(map(Cell, row)), "row") for row in (header, cells))
        blocks = (title, Table(rows, "table", exact=False))
    started = time.process_time()
    plan_of(Document("a.txt", blocks))
    assert time.process_time() - started < MOMENT


def test_five_thousand_items_in_paragraphs_are_read_in_seconds() -> None:
    lines = [
        Paragraph(f"{n}.做好第{n}项工作。（县财政局牵头，县审计局配合，6月底前完成）", f"line {n}")
        for n in range(1, 5_001)
    ]
    started = time.process_time()
    plan = plan_of(Document("a.txt", tuple(lines)))
    assert time.process_time() - started < LIMIT
    assert plan is not None
    assert len(plan.tasks) == 5_000


def test_five_thousand_flattened_cells_are_read_in_seconds() -> None:
    cells = ["任务名称", "具体内容", "责任单位", "完成时限"]
    for n in range(1_250):
        cells += [f"任务甲{n}", f"公开第{n}类目录，完善流程。", "县财政局、县审计局", "6月底前"]
    started = time.process_time()
    plan = plan_of(Document("a.txt", tuple(Paragraph(cell, "p") for cell in cells)))
    assert time.process_time() - started < LIMIT
    assert plan is not None
    assert len(plan.tasks) == 1_250
