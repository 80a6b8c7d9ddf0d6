"""Columns told by their labels and by what stands under them."""

import pytest

from services.ingest.documents.grid import Cell, Row
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.table.columns.headers import find_header
from services.ingest.extraction.vocabulary.labels import Role, get_role

N, K, M, C = Role.NUMBER, Role.CATEGORY, Role.NAME, Role.CONTENT
L, U, S, D, O = Role.LEAD, Role.UNITS, Role.SUPPORT, Role.DEADLINE, Role.OTHER  # noqa: E741
Q, T = Role.FREQUENCY, Role.TARGET


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        (N, "序号 编号 项次 序 No. № 任务编号"),
        (D, "完成时限 时限要求 时限 责任时限 公开时限 整改时限 进度安排"),
        (D, "时间节点 完成时间 办结期限 计划完成时间"),
        (L, "牵头单位 牵头部门 主责单位 主办单位 牵头责任单位 牵头（责任）单位 牵头 主办"),
        (S, "配合单位 协办单位 协同责任单位 参与单位 会办单位 配合部门 配合"),
        (U, "责任单位 责任部门 责任科室 负责科室 公开主体 公开责任 承办单位"),
        (U, "责任单位及责任人 单位 部门 责任主体 任务分工"),
        (O, "指导部门 评分部门 监督单位 主管领导 主要责任人 牵头市领导"),
        (O, "备注 进展情况 完成进度 启动时间 联系电话 一季度"),
        (K, "任务类别 所属领域 分类 一级指标"),
        (M, "任务名称 重点任务 工作事项 项目 督查事项 存在问题"),
        (C, "具体内容 工作措施 工作举措 任务分解 工作要求 整改目标 二级指标 三级指标 主要任务"),
        (Q, "公开频次 更新周期"),
        (T, "目标值 年度目标"),
    ],
)  # fmt: skip
def test_a_label_tells_its_column(role: Role, labels: str) -> None:
    assert {label: get_role(label) for label in labels.split()} == dict.fromkeys(
        labels.split(), role
    )


@pytest.mark.parametrize("label", ["民生实事", "", "公开预算。", "2023年3月", "长" * 21, "长" * 99])
def test_other_words_are_no_label(label: str) -> None:
    assert get_role(label) is None


def from_text(*lines: str) -> ParsedPlan:
    return read_plan("a.txt", "\n".join(lines).encode())


def header(labels: str, *rows: str):
    table = [Row(tuple(map(Cell, line.split("|"))), "r") for line in (labels, *rows)]
    return find_header(table)


@pytest.mark.parametrize(
    ("labels", "row", "roles"),
    [
        (
            "序号|重点任务|工作目标|具体措施|责任单位",
            "1|甲|公开率高。|编目录。|县财政局",
            [N, M, O, C, U],
        ),
        ("序号|一级指标|二级指标|三级指标|责任单位", "1|甲|乙|丙|县财政局", [N, K, M, C, U]),
        ("主要任务|重点工作和要求|责任单位", "甲|编制目录清单。|县财政局", [M, C, U]),
        ("序号|民生实事|责任单位|完成时限", "1|新建两座跨河人行天桥。|县住建局|9月", [N, C, U, D]),
        ("项目|民生实事|责任单位|完成时限", "桥|新建两座跨河人行天桥。|县住建局|9月", [M, C, U, D]),
        ("序号|单位|主要职责", "1|县财政局|公开预算。", [N, U, C]),
        ("责任单位|序号|具体内容|任务名称", "县财政局|1|编目录。|甲", [U, N, C, M]),
        ("序号|项目|单位|目标值|责任部门", "1|甲|%|5%|县财政局", [N, C, O, T, U]),
        ("序号|编号|任务|内容|责任单位", "1|2|甲|编目录。|县财政局", [N, O, M, C, U]),
        ("类别|领域|任务|内容|时限", "甲|乙|丙|编目录。|年底", [K, K, M, C, D]),
        ("重点|项目|任务|内容|时限", "甲|乙|丙|编目录。|年底", [K, O, M, C, D]),
    ],
)
def test_the_text_columns_settle_among_themselves(labels: str, row: str, roles: list[Role]) -> None:
    found = header(labels, row, row)
    assert found is not None
    assert list(found.roles) == roles


def test_of_two_vague_labels_the_finer_column_holds_the_duties() -> None:
    found = header(
        "主要任务|重点工作|责任单位",
        "甲|编目录。|县财政局",
        "|建专栏。|县财政局",
        "|抓整改。|县财政局",
    )
    assert found is not None
    assert list(found.roles) == [M, C, U]


@pytest.mark.parametrize(
    "labels",
    [
        "姓名|电话|单位",
        "序号|责任单位",
        "民生实事|责任单位",
        "任务名称|具体内容|备注",
        "具体内容在这里写得很长很长很长很长很长很长|责任单位|时限",
    ],
)
def test_other_tables_have_no_header(labels: str) -> None:
    assert header(labels, "甲|编制目录清单。|县财政局") is None


def test_a_label_may_name_the_year_and_a_merged_name_needs_no_label() -> None:
    plan = from_text(
        "青溪县任务分解表",
        "序号\t2023年工作任务\t责任单位\t时限",
        "1\t编目录。\t县财政局\t年底前",
    )
    assert plan.tasks[0].measures[0].text == "编目录。"


def test_a_name_that_spans_its_category_belongs_to_the_section() -> None:
    page = """<h1>青溪县2023年任务分解表</h1><table border=1>
    <tr><td rowspan=2>序号</td><td colspan=2>工作任务</td>
    <td rowspan=2>内容</td><td rowspan=2>责任单位</td></tr>
    <tr><td>一级</td><td>二级</td></tr>
    <tr><td>1</td><td rowspan=2>公开</td><td>财政</td><td>公开预算。</td><td>县财政局</td></tr>
    <tr><td>2</td><td>教育</td><td>公开招生。</td><td>县教育局</td></tr>
    <tr><td>3</td><td colspan=2>解读</td><td>同步解读。</td><td>县政府办</td></tr></table>"""
    plan = read_plan("a.html", page.encode())
    assert [(t.category, t.name) for t in plan.tasks] == [
        ("公开", "财政"),
        ("公开", "教育"),
        (None, "解读"),
    ]


def test_units_keep_the_order_of_their_columns() -> None:
    plan = from_text(
        "青溪县2023年任务分解表",
        "序号\t任务\t内容\t配合单位\t责任单位\t牵头单位",
        "1\t甲\t编目录。\t县教育局\t各乡镇\t县财政局",
    )
    assert plan.tasks[0].responsible.names == ("县教育局", "各乡镇", "县财政局")
    assert plan.tasks[0].responsible.lead == ("县财政局",)


def test_a_goal_that_is_no_percentage_is_reported() -> None:
    plan = from_text(
        "青溪县2023年任务分解表",
        "序号\t任务\t目标值\t责任单位\t时限",
        "1\t公开率\t95%\t县财政局\t年底前",
        "2\t满意度\t良好以上\t县财政局\t年底前",
    )
    assert [m.target.at_least_percent for t in plan.tasks for m in t.measures if m.target] == [95]
    assert [w.message for w in plan.warnings] == ["未读取：目标：良好以上"]
