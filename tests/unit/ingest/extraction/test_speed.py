"""The time that reading takes grows with what is read and no faster, whatever its format.

Times are CPU seconds of this process, and each is compared with another one of the same run: how
fast the machine is, and what else it does, is no matter.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

from services.ingest.documents.grid import Cell, Document, Paragraph, Row, Table
from services.ingest.extraction.plans.plan import extract_plan
from services.ingest.extraction.plans.reading import read_plan

ROWS = 800
LONGER = 8
GROWTH = 3 * LONGER
"""How many times as long what is eight times as long may take; the square would be 64 times."""
T = TypeVar("T")


def timed(read: Callable[[], T]) -> tuple[T, float]:
    began = time.process_time()
    found = read()
    return found, time.process_time() - began


def grown(read: Callable[[int], T], size: int) -> T:
    """Read something of a size and of an eighth of it, and compare the times."""
    read(size // LONGER)  # what is made at the first time alone is made here
    _, short = timed(lambda: read(size // LONGER))
    found, long = timed(lambda: read(size))
    assert long < GROWTH * short, (long, short)
    return found


def rows_of(number: int) -> list[list[str]]:
    header = ["序号", "任务名称", "具体内容", "责任单位", "完成时限"]
    duty = "公开第{0}类事项目录，完善公开流程。"
    whose = "县财政局、县审计局等部门"
    return [
        header,
        *([f"{n}", f"任务{n}", duty.format(n), whose, "6月底前"] for n in range(1, number + 1)),
    ]


def test_a_long_table_takes_as_much_longer_as_it_is(write) -> None:
    title = "云岭县2023年政务公开任务分解表"
    files = {number: write(title, rows_of(number)) for number in (ROWS, ROWS // LONGER)}
    plan = grown(lambda number: read_plan(*files[number]), ROWS)
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


@pytest.fixture(scope="module")
def moment() -> float:
    """CPU seconds that this machine takes for an honest table: a hostile cell takes less."""
    table = Table(
        tuple(Row(tuple(map(Cell, row)), "row") for row in rows_of(ROWS)), "table", exact=False
    )
    title = Paragraph("云岭县2023年政务公开任务分解表", "line 1")
    plan, seconds = timed(lambda: extract_plan(Document("a.txt", (title, table))))
    assert plan is not None
    return 12 * seconds


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("column", [0, 1, 2, 3, 4, None])
def test_no_cell_or_line_can_hold_the_reader_up(
    name: str, column: int | None, moment: float
) -> None:
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
    _, seconds = timed(lambda: extract_plan(Document("a.txt", blocks)))
    assert seconds < moment


def test_two_thousand_items_in_paragraphs_take_as_much_longer_as_they_are() -> None:
    text = "{0}.做好第{0}项工作。（县财政局牵头，县审计局配合，6月底前完成）"
    lines = tuple(Paragraph(text.format(n), f"line {n}") for n in range(1, 2_001))
    plan = grown(lambda number: extract_plan(Document("a.txt", lines[:number])), len(lines))
    assert plan is not None
    assert len(plan.tasks) == 2_000


def test_two_thousand_flattened_cells_take_as_much_longer_as_they_are() -> None:
    cells = ["任务名称", "具体内容", "责任单位", "完成时限"]
    for n in range(499):
        cells += [f"任务甲{n}", f"公开第{n}类目录，完善流程。", "县财政局、县审计局", "6月底前"]
    lines = tuple(Paragraph(cell, "p") for cell in cells)
    plan = grown(
        lambda number: extract_plan(Document("a.txt", lines[: number // 4 * 4])), len(lines)
    )
    assert plan is not None
    assert len(plan.tasks) == 499
