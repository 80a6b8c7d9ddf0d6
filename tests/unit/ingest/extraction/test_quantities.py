"""A number is a target only where the text plainly asks for it."""

import pytest

from services.ingest.extraction.plans.quantities import Bound, Quantity, find_target, read_quantity


@pytest.mark.parametrize(
    ("text", "number", "unit", "kind"),
    [
        ("政务公开事项公开率≥50%", 50, "%", "at-least"),
        ("重要政策文件多元化解读比例不得低于50%。", 50, "%", "at-least"),
        ("全年发布政策解读不少于12个", 12, "个", "at-least"),
        ("每季度召开新闻发布会不少于2次", 2, "次", "at-least"),
        ("不少于十二篇", 12, "篇", "at-least"),
        ("建成12个示范点", 12, "个", "at-least"),
        ("开展培训两次以上", 2, "次", "at-least"),
        ("2023年底前完成12个标准化专区建设", 12, "个", "at-least"),
        ("投诉率控制在5%以内", 5, "%", "at-most"),
        ("新媒体账号不超过3个", 3, "个", "at-most"),
    ],
)
def test_a_plain_target_is_read(text, number, unit, kind):
    assert read_quantity(text) == Quantity(number, unit, Bound(kind))


@pytest.mark.parametrize(
    "text",
    [
        "公开26个试点领域标准目录",
        "在3个工作日内完成",
        "办理时限不超过20个工作日",
        "至少3个月更新一次",
        "第2次会议",
        "积极打造一批精品优质政务新媒体账号",
        "2023年12月底前实现标准化规范化",
        "",
    ],
)
def test_a_number_that_counts_something_else_is_no_target(text):
    assert read_quantity(text) is None


def test_a_target_column_counts_where_the_text_names_none():
    goal = {"number": 90, "unit": "%", "kind": "at-least"}
    assert find_target("提高公开率", goal) == Quantity(90, "%")
    assert find_target("公开率不低于95%", goal) == Quantity(95, "%")
    assert find_target("提高公开率", None) is None


def test_a_report_fulfils_a_floor_from_above_and_a_ceiling_from_below():
    assert Quantity(50, "%").is_fulfilled_by(50)
    assert not Quantity(50, "%").is_fulfilled_by(49.9)
    assert Quantity(5, "%", Bound.AT_MOST).is_fulfilled_by(5)
    assert not Quantity(5, "%", Bound.AT_MOST).is_fulfilled_by(5.1)
