"""Tables of other offices: their columns, merged cells, sections, notes and habits."""

import pytest

from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan
from tests.unit.ingest.extraction.brief_tasks import brief, dues


def from_text(*lines: str) -> ParsedPlan:
    return read_plan("plan.txt", "\n".join(lines).encode())


@pytest.mark.parametrize(
    "header",
    [
        "序号\t任务名称\t具体内容\t责任单位\t完成时限",
        "编号\t重点任务\t工作措施\t责任部门\t时限要求",
        "项次\t工作任务\t具体要求\t责任科室\t时间节点",
        "序 号\t工 作 事 项\t落 实 举 措\t承 办 单 位\t进 度 安 排",
        "序号\t主要任务\t任务分解\t公开主体\t公开时限",
        "序号\t事项名称\t任务内容\t落实单位\t完成时间（年月日）",
        "任务序号\t重点工作\t主要内容\t实施单位\t截止日期",
    ],
)
def test_columns_are_known_by_many_names(header: str) -> None:
    plan = from_text("绿源县2022年工作台账", header, "7\t阳光财政\t公开预算。\t县财政局\t3月底前")
    assert [brief(t) for t in plan.tasks] == [(7, None, "阳光财政", ["县财政局"], [])]
    assert dues(plan) == [["2022-03-31"]]
    assert plan.warnings == ()


def test_lead_and_supporting_columns_tell_who_leads() -> None:
    plan = from_text(
        "绿源县2022年任务分工表",
        "序号\t任务\t具体内容\t牵头单位\t配合单位\t时限",
        "1\t甲\t做好公开。\t县政府办\t县财政局、各乡镇\t年底前",
    )
    assert plan.tasks[0].responsible.names == ("县政府办", "县财政局", "各乡镇")
    assert plan.tasks[0].responsible.lead == ("县政府办",)


def test_a_printed_rule_makes_the_first_unit_lead() -> None:
    plan = from_text(
        "绿源县2022年任务分工表",
        "序号\t任务\t具体内容\t责任单位\t时限",
        "1\t甲\t做好公开。\t县政府办、县财政局\t年底前",
        "注：列第一位的责任单位为牵头单位。",
    )
    assert plan.tasks[0].responsible.lead == ("县政府办",)
    assert [w.code for w in plan.warnings] == ["not-understood"]


def test_the_rule_may_stand_in_the_header_itself() -> None:
    plan = from_text(
        "绿源县2022年任务分工表",
        "序号\t任务\t具体内容\t责任单位（排第一位的为牵头单位）\t时限",
        "1\t甲\t做好公开。\t县政府办、县财政局\t年底前",
    )
    assert plan.tasks[0].responsible.lead == ("县政府办",)


def test_section_rows_become_categories_and_notes_are_no_tasks() -> None:
    plan = from_text(
        "附件2",
        "白沙区2021年政务公开任务分解表",
        "工作任务\t工作要求\t牵头单位\t责任单位",
        "一、深化公开\t\t\t",
        "规划公开\t公开规划。\t区发改局\t各街道",
        "\t公开专项规划。\t区资源局\t",
        "二、夯实基础\t\t\t",
        "标准目录\t更新目录。\t区政府办\t各街道",
        "备注：本表由区政府办公室负责解释。",
        "白沙区人民政府办公室",
        "2021年6月29日",
    )
    assert [brief(t) for t in plan.tasks] == [
        (1, "一、深化公开", "规划公开", ["区发改局", "各街道"], ["区发改局"]),
        (1, "一、深化公开", "规划公开", ["区资源局"], ["区资源局"]),
        (2, "二、夯实基础", "标准目录", ["区政府办", "各街道"], ["区政府办"]),
    ]
    assert {m.review for t in plan.tasks for m in t.measures} == {("no-deadline",)}
    assert (plan.title, plan.issuer) == ("白沙区2021年政务公开任务分解表", "白沙区")


def test_a_header_torn_into_lines_and_repeated_on_each_page_is_read() -> None:
    plan = from_text(
        "2022年度常宁镇政务公开任务分工表",
        "序\t任务\t具体\t责任\t完成",
        "号\t名称\t内容\t单位\t时限",
        "1\t财务公开\t公开三公经费。公开惠农补贴发放\t财政所、农业服务\t6月底、12月底",
        "- 1 -",
        "",
        "序\t任务\t具体\t责任\t完成",
        "号\t名称\t内容\t单位\t时限",
        "\t\t情况。\t中心\t",
        "2\t村务公开\t指导村务公开。\t各村（社区）\t2022.11.30",
        "（盖章）",
    )
    assert [brief(t) for t in plan.tasks] == [
        (1, None, "财务公开", ["财政所", "农业服务中心"], []),
        (2, None, "村务公开", ["各村（社区）"], []),
    ]
    assert plan.tasks[0].measures[0].text == "公开三公经费。公开惠农补贴发放情况。"
    assert dues(plan) == [["2022-06-30", "2022-12-31"], ["2022-11-30"]]
    assert plan.issuer == "常宁镇"


def test_a_plan_in_numbered_paragraphs_is_read() -> None:
    plan = from_text(
        "立溪区政府2023年重点工作",
        "任务分解和责任分工方案",
        "一、主要目标",
        "1.规上工业增加值增长5%以上，10月底前完成。",
        "牵头单位：区工信局",
        "责任单位：立溪开发区，各街道",
        "二、重点工作",
        "2.编制许可清单。（区政府办公室、区审批局牵头，区司法局配合）",
        "3.加强统筹。",
    )
    assert plan.title == "立溪区政府2023年重点工作任务分解和责任分工方案"
    assert [(t.number, t.category) for t in plan.tasks] == [
        (1, "一、主要目标"),
        (2, "二、重点工作"),
    ]
    assert plan.tasks[1].responsible.lead == ("区政府办公室", "区审批局")
    assert plan.tasks[1].responsible.names == ("区政府办公室", "区审批局", "区司法局")
    assert dues(plan) == [["2023-10-31"], []]
    assert [w.where for w in plan.warnings] == ["line 9"]


def test_columns_that_are_not_read_are_reported_cell_by_cell() -> None:
    plan = from_text(
        "绿源县2022年任务分工表",
        "序号\t任务\t具体内容\t责任单位\t时限\t备注",
        "1\t甲\t做好公开。\t县政府办\t年底前\t每季度报送一次",
    )
    (warning,) = plan.warnings
    assert warning.where == "line 3, column 6"
    assert "每季度报送一次" in warning.message


def test_several_deadlines_numbered_like_the_duties_belong_to_each() -> None:
    plan = from_text(
        "绿源县2022年任务分工表",
        "序号\t任务\t具体内容\t责任单位\t时限",
        "1\t甲\t<p>1.编目录；</p><p>2.建专栏。</p>\t县政府办\t<p>1.3月底前</p><p>2.9月底前</p>",
    )
    assert dues(plan) == [["2022-03-31"], ["2022-09-30"]]
