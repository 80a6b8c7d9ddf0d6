"""A table of 5,000 rows is read within seconds, whatever its format."""

import time

from services.ingest.extraction.reading import read_plan

LIMIT = 20.0
"""CPU seconds. A quiet machine takes one to four; shared ones are given room."""


def test_five_thousand_rows_are_read_in_seconds(write) -> None:
    rows = [["序号", "任务名称", "具体内容", "责任单位", "完成时限"]]
    rows += [
        [
            str(n),
            f"任务{n}",
            f"公开第{n}类事项目录，完善公开流程。",
            "县财政局、县审计局等部门",
            "6月底前",
        ]
        for n in range(1, 5001)
    ]
    name, data = write("云岭县2023年政务公开任务分解表", rows)
    started = time.process_time()
    plan = read_plan(name, data)
    assert time.process_time() - started < LIMIT
    assert [task.number for task in plan.tasks] == list(range(1, 5001))
    assert all(len(task.measures) == 1 for task in plan.tasks)
