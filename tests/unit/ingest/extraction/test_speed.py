"""A long table is read within seconds, whatever its format."""

import time

from services.ingest.extraction.reading import read_plan

ROWS = 1_500
LIMIT = 10.0
"""CPU seconds. A quiet machine takes about one; shared ones are given room."""


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
