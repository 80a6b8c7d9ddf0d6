"""Rules that a document states once: who leads, who else owes, until when."""

import pytest

from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan


def plan(rule: str, units: str = "县政府办、县财政局", label: str = "责任单位") -> ParsedPlan:
    lines = [
        "青溪县2023年任务分解表",
        f"序号\t任务\t内容\t{label}\t时限",
        f"1\t甲\t编目录。\t{units}\t年底前",
        rule,
    ]
    return read_plan("a.txt", "\n".join(lines).encode())


@pytest.mark.parametrize(
    "rule",
    [
        "责任单位中，列第一位者为牵头单位或汇总单位。",
        "排名第一的责任单位为牵头单位，其他列入单位为参与单位。",
        "排在第一位的为牵头部门。",
        "除标注“分别牵头”外，列第一位为牵头或汇总单位。",
        "第一责任单位为牵头单位。",
        "责任单位第一个为牵头单位。",
    ],
)
def test_the_first_listed_leads_where_the_document_says_so(rule: str) -> None:
    assert plan(rule).tasks[0].responsible.lead == ("县政府办",)


def test_without_a_rule_nobody_leads() -> None:
    assert plan("各单位要抓好落实。").tasks[0].responsible.lead == ()


def test_a_named_lead_beats_the_rule() -> None:
    found = plan("列第一位者为牵头单位。", "县政府办、县财政局分别牵头、县教育局")
    assert found.tasks[0].responsible.lead == ("县政府办", "县财政局")


def test_stars_lead_where_a_note_says_so() -> None:
    found = plan("注：标★的为牵头单位。", "县政府办、★县财政局")
    assert found.tasks[0].responsible.lead == ("县财政局",)
    assert plan("完。", "县政府办、★县财政局").tasks[0].responsible.lead == ()


def test_owners_lead_where_no_lead_is_named() -> None:
    rule = "无牵头单位的，责任单位即为牵头单位。"
    assert plan(rule).tasks[0].responsible.lead == ("县政府办", "县财政局")
    assert plan(rule, label="配合单位").tasks[0].responsible.lead == ()


@pytest.mark.parametrize(
    "rule",
    [
        "以上任务均需各区政府、管委会落实，不再一一列出。",
        "未注明完成时限的，应于11月底前完成。",
        "除有明确时限的任务外，均应于12月15日前完成。",
    ],
)
def test_what_holds_for_every_task_is_reported(rule: str) -> None:
    found = plan(rule)
    assert [(w.where, w.message) for w in found.warnings] == [
        ("line 4", f"可能适用于全部任务：{rule}")
    ]


def test_a_note_with_a_rule_is_reported_once() -> None:
    found = plan("注：未注明完成时限的，应于11月底前完成。")
    assert len(found.warnings) == 1
