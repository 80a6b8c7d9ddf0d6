"""One table written into every format reads back the same."""

import json
from pathlib import Path

from services.ingest.extraction.plans.reading import read_plan

ROOT = Path(__file__).parents[4]
GOLDEN = json.loads((ROOT / "tests/golden/yanting-2023.json").read_text("utf-8"))
HEADER = ["序号", "任务类别", "任务名称", "具体内容", "责任单位", "完成时限"]
ROW_FOUR_DUE = "2023年年底\n2023年8月底"


def _rows(*, one_cell: bool) -> list[list[str]]:
    rows = [HEADER]
    for task in GOLDEN["tasks"]:
        due = ROW_FOUR_DUE if task["number"] == 4 else "2023年年底"
        texts = [measure["text"] for measure in task["measures"]]
        if one_cell:
            texts = ["\n".join(texts)]
        head = [str(task["number"]), task["category"] or "", task["name"]]
        rows.append([*head, texts[0], task["responsible"]["printed"], due])
        rows.extend(["", "", "", text, "", ""] for text in texts[1:])
    return rows


def test_the_real_table_reads_back_with_a_row_for_each_measure(write) -> None:
    plan = read_plan(*write(GOLDEN["title"], _rows(one_cell=False)))
    assert plan.model_dump(mode="json") == GOLDEN


def test_the_real_table_reads_back_with_a_cell_for_each_task(write) -> None:
    plan = read_plan(*write(GOLDEN["title"], _rows(one_cell=True)))
    assert plan.model_dump(mode="json") == GOLDEN


def test_columns_may_stand_in_any_order(write) -> None:
    rows = [list(reversed(row)) for row in _rows(one_cell=True)]
    plan = read_plan(*write(GOLDEN["title"], rows))
    assert plan.model_dump(mode="json") == GOLDEN


def _areas() -> list[tuple[int, int, int]]:
    """The cells of a task that span its measures, and of a category that span its tasks."""
    areas, labels = [], []
    first = 1
    for task in GOLDEN["tasks"]:
        last = first + len(task["measures"]) - 1
        areas += [(column, first, last) for column in (0, 2, 4, 5)]
        if labels and task["category"] and labels[-1][0] == task["category"]:
            labels[-1] = (task["category"], labels[-1][1], last)
        else:
            labels.append((task["category"], first, last))
        first = last + 1
    areas += [(1, first, last) for _, first, last in labels]
    return [area for area in areas if area[1] < area[2]]


def test_the_real_table_reads_back_with_its_cells_merged(write_merged) -> None:
    rows = _rows(one_cell=False)
    for column, first, last in _areas():
        for number in range(first + 1, last + 1):
            rows[number][column] = ""
    plan = read_plan(*write_merged(GOLDEN["title"], rows, _areas()))
    assert plan.model_dump(mode="json") == GOLDEN
