"""Tables of made-up offices, each with its own layout and habits, in every format."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest

from services.ingest.extraction.plans.reading import read_plan


class Office(NamedTuple):
    """A table, and what is to be read: number, name, units, dates of each measure."""

    title: str
    rows: Sequence[Sequence[str]]
    year: int
    issuer: str | None
    expected: Sequence[tuple[int, str, tuple[str, ...], tuple[tuple[str, ...], ...]]]


OFFICES = {
    "a market regulator, columns in another order": Office(
        "青禾县市场监督管理局2022年政务公开工作任务分解表",
        [
            ["编号", "完成时间", "责任股室", "重点任务", "工作措施"],
            ["1", "6月底前", "信用监管股", "抽查公开", "公布本年度抽查计划。\n公布抽查结果。"],
            ["2", "11月30日前", "食品股、药品股", "食品安全", "发布食品抽检信息。"],
            ["3", "长期坚持", "各股室", "政策解读", "解读新出台的文件。"],
        ],
        2022,
        "青禾县市场监督管理局",
        [
            (1, "抽查公开", ("信用监管股",), (("2022-06-30",), ("2022-06-30",))),
            (2, "食品安全", ("食品股", "药品股"), (("2022-11-30",),)),
            (3, "政策解读", ("各股室",), ((),)),
        ],
    ),
    "a district with leads, dotted dates and no number column": Office(
        "临湖区2024年重点领域信息公开责任分工表",
        [
            ["任务名称", "具体任务", "牵头部门", "配合部门", "时限要求"],
            ["规划公开", "公开总体规划，征求公众意见。", "区规划分局", "各街道", "2024.3.31"],
            ["教育公开", "公开招生方案。", "区教育局", "区融媒体中心", "2024年5月"],
        ],
        2024,
        "临湖区",
        [
            (1, "规划公开", ("区规划分局", "各街道"), (("2024-03-31",),)),
            (2, "教育公开", ("区教育局", "区融媒体中心"), (("2024-05-31",),)),
        ],
    ),
    "a township with Chinese numbers and a list in a cell": Office(
        "石桥镇2021年基层政务公开任务清单",
        [
            ["序号", "工作任务", "主要内容", "责任单位", "完成时限"],
            [
                "（一）",
                "村务公开",
                "1.公开村级财务；\n2.公开低保名单；\n3.公开惠农补贴。",
                "各村（社区）",
                "12月20日前",
            ],
            ["（二）", "信访回应", "回应群众来信。", "党政办", "2021年第三季度末"],
        ],
        2021,
        "石桥镇",
        [
            (1, "村务公开", ("各村（社区）",), (("2021-12-20",),) * 3),
            (2, "信访回应", ("党政办",), (("2021-09-30",),)),
        ],
    ),
}


@pytest.fixture(params=list(OFFICES))
def office(request: pytest.FixtureRequest) -> Office:
    return OFFICES[request.param]


def test_its_table_is_read_the_same_from_every_format(office: Office, write) -> None:
    plan = read_plan(*write(office.title, office.rows))
    found = [
        (
            task.number,
            task.name,
            task.responsible.names,
            tuple(tuple(day.isoformat() for day in measure.due) for measure in task.measures),
        )
        for task in plan.tasks
    ]
    assert found == list(office.expected)
    assert (plan.title, plan.year, plan.issuer) == (office.title, office.year, office.issuer)
    assert plan.warnings == ()
