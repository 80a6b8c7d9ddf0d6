"""One table written into every format reads back the same."""

import json
from pathlib import Path

from services.ingest.extraction.reading import read_plan

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
