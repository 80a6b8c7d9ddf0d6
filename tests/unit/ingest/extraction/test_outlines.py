"""Plans in paragraphs: who owes what, told by brackets, labels and the levels of numbering."""

import pytest

from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan

TITLE = "青溪市2023年政务公开工作要点"


def plan(*lines: str) -> ParsedPlan:
    return read_plan("plan.txt", "\n".join([TITLE, *lines]).encode())


def brief(found: ParsedPlan) -> list[tuple[int, str | None, str, list[str]]]:
    return [(t.number, t.category, t.name, list(t.responsible.names)) for t in found.tasks]


def texts(found: ParsedPlan) -> list[list[str]]:
    return [[m.text for m in t.measures] for t in found.tasks]


def dues(found: ParsedPlan) -> list[list[str]]:
    return [[str(day) for day in m.due] for t in found.tasks for m in t.measures]


@pytest.mark.parametrize(
    "bracket",
    [
        "（市财政局负责）",
        "(责任单位:市财政局)",
        "〔责任单位：市财政局〕",
        "【牵头单位：市财政局】",
        "（责任领导：王某；责任单位：市财政局）",
        "（市财政局）",
        "（市财政局牵头落实）。",
    ],
)
def test_a_bracket_at_the_end_tells_who_owes(bracket: str) -> None:
    found = plan(f"1.公开预算。{bracket}")
    assert brief(found) == [(1, None, "公开预算", ["市财政局"])]
    assert texts(found) == [["1.公开预算。"]]


@pytest.mark.parametrize(
    "bracket",
    [
        "（试行）",
        "（含市财政局）",
        "（如市财政局）",
        "（市财政局负责解释）",
        "（" + "甲" * 401 + "局）",
        "（以下简称办）",
    ],
)
def test_any_other_bracket_belongs_to_the_text(bracket: str) -> None:
    found = plan(f"1.公开预算{bracket}。", "责任单位：市教育局")
    assert texts(found) == [[f"1.公开预算{bracket}。"]]
    assert found.tasks[0].responsible.names == ("市教育局",)


def test_a_bracket_may_hold_another() -> None:
    found = plan("1.编目录。（市财政局（国资局）负责）")
    assert found.tasks[0].responsible.names == ("市财政局（国资局）",)


def test_a_bracket_within_a_sentence_owes_nothing() -> None:
    found = plan("1.公开（市财政局负责）编制的目录。", "责任单位：市教育局")
    assert texts(found) == [["1.公开（市财政局负责）编制的目录。"]]


def test_every_bracket_of_a_paragraph_owns_what_stands_before_it() -> None:
    found = plan("（一）做好公开。编目录。（市教育局负责）6月底前建专栏。（市财政局负责）")
    assert brief(found) == [
        (1, None, "做好公开", ["市教育局"]),
        (1, None, "做好公开", ["市财政局"]),
    ]
    assert texts(found) == [["（一）做好公开。编目录。"], ["6月底前建专栏。"]]
    assert dues(found) == [[], ["2023-06-30"]]


@pytest.mark.parametrize(
    "line",
    [
        "牵头单位：市发改委；责任单位：各区；完成时限：6月底前",
        "牵头单位：市发改委 责任单位：各区 完成时限：6月底前",
        "（牵头单位：市发改委，责任单位：各区，完成时间：6月底前）",
        "牵头单位：市发改委责任单位：各区完成时限：6月底前",
    ],
)
def test_a_line_of_labels_owns_the_item_above(line: str) -> None:
    found = plan("1.编目录。", line)
    assert found.tasks[0].responsible.names == ("市发改委", "各区")
    assert found.tasks[0].responsible.lead == ("市发改委",)
    assert dues(found) == [["2023-06-30"]]


def test_labels_may_end_a_paragraph_and_stand_alone_over_their_words() -> None:
    found = plan(
        "1.编目录。牵头单位：市发改委，配合单位：各区。", "2.建专栏。", "责任单位：", "市财政局"
    )
    assert texts(found) == [["1.编目录。"], ["2.建专栏。"]]
    assert [t.responsible.names for t in found.tasks] == [("市发改委", "各区"), ("市财政局",)]


def test_each_label_may_have_a_line_of_its_own() -> None:
    found = plan(
        "1.编目录。", "牵头单位：市发改委", "配合单位：各区", "配合单位：各镇", "完成时限：持续推进"
    )
    assert found.tasks[0].responsible.printed == "市发改委；各区；各镇"
    assert found.tasks[0].measures[0].continuous


def test_persons_are_reported_and_owe_nothing() -> None:
    found = plan("1.编目录。", "牵头领导：王某", "责任单位：市财政局", "责任人：李某")
    assert texts(found) == [["1.编目录。"]]
    assert [w.message for w in found.warnings] == ["未读取：牵头领导：王某", "未读取：责任人：李某"]
    assert [w.where for w in found.warnings] == ["line 3", "line 5"]


@pytest.mark.parametrize("line", ["单位：万元", "填报单位：市财政局", "公开单位：市财政局"])
def test_other_labels_own_nothing(line: str) -> None:
    found = plan("1.编目录。", line, "责任单位：市教育局")
    assert found.tasks[0].responsible.names == ("市教育局",)


def test_an_owner_may_own_a_heading_with_all_its_items() -> None:
    found = plan(
        "（一）机制建设",
        "1.完善预案体系",
        "（1）编制预案。",
        "（2）开展演练。",
        "（责任单位：市应急局）",
        "2.健全管理体制",
        "（1）健全机构。",
        "（2）落实编制。",
        "（责任单位：市委编办）",
    )
    assert brief(found) == [
        (1, "（一）机制建设", "完善预案体系", ["市应急局"]),
        (2, "（一）机制建设", "健全管理体制", ["市委编办"]),
    ]
    assert texts(found) == [
        ["（1）编制预案。", "（2）开展演练。"],
        ["（1）健全机构。", "（2）落实编制。"],
    ]
    assert found.warnings == ()


def test_items_owed_one_by_one_are_never_lumped() -> None:
    found = plan(
        "（一）规范审批，提高效能。",
        "1.编目录。（市财政局负责）",
        "2.建专栏。（市教育局负责）",
        "（二）加强监管",
        "1.查问题。",
        "2.抓整改。（市审计局负责）",
    )
    assert brief(found) == [
        (1, "（一）规范审批，提高效能。", "编目录", ["市财政局"]),
        (2, "（一）规范审批，提高效能。", "建专栏", ["市教育局"]),
        (2, "（二）加强监管", "抓整改", ["市审计局"]),
    ]
    assert [w.message for w in found.warnings] == ["未写明责任单位：1.查问题。"]


def test_a_heading_names_the_unnumbered_paragraphs_under_it() -> None:
    found = plan(
        "一、深化公开",
        "（一）推进权力公开",
        "公布清单。",
        "调整清单。（市委编办负责）",
        "接受监督。（市司法局负责）",
        "（二）优化解读。",
        "解读率不低于60%。",
        "责任单位：市政府办",
    )
    assert brief(found) == [
        (1, "一、深化公开", "推进权力公开", ["市委编办"]),
        (1, "一、深化公开", "推进权力公开", ["市司法局"]),
        (2, "一、深化公开", "优化解读", ["市政府办"]),
    ]
    assert texts(found) == [["公布清单。", "调整清单。"], ["接受监督。"], ["解读率不低于60%。"]]
    assert found.warnings == ()


def test_a_paragraph_without_any_number_is_owed_alone() -> None:
    found = plan(
        "为做好工作，制定本要点。", "公布清单。（市委编办负责）", "公布目录。（市司法局负责）"
    )
    assert brief(found) == [
        (1, None, "公布清单", ["市委编办"]),
        (2, None, "公布目录", ["市司法局"]),
    ]


def test_items_that_nobody_owes_are_reported_wherever_they_stand() -> None:
    found = plan("1.总体要求。", "2.编目录。（市财政局负责）", "三、保障", "（一）加强领导。")
    assert [w.where for w in found.warnings] == ["line 2", "line 5"]


def test_the_title_is_looked_for_above_the_first_task() -> None:
    found = plan("一、九项任务", "1.编目录。（市财政局负责）", "十项具体任务")
    assert found.title == TITLE
    assert found.year == 2023


def test_paragraphs_in_a_table_without_units_are_read_as_well() -> None:
    page = (
        "<h1>青溪市2023年工作要点</h1><table border=1><tr><td>序号</td><td>事项</td></tr>"
        "<tr><td>1</td><td>编目录。（市财政局负责）</td></tr></table>"
    )
    (task,) = read_plan("a.html", page.encode()).tasks
    assert task.responsible.names == ("市财政局",)


def test_an_owner_with_nothing_above_it_owns_nothing() -> None:
    found = plan("责任单位：市教育局", "（市审计局负责）", "1.编目录。", "责任单位：市财政局")
    assert brief(found) == [(1, None, "编目录", ["市财政局"])]
    assert [w.message for w in found.warnings] == [
        "没有对应的任务：市教育局",
        "没有对应的任务：市审计局负责",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "1.编目录），做好公开（含附件。",
        "1.编目录。时间安排：略。另有要求。",
        "1.推进（一）（二）两项。",
        "1.编目录（市财政、教育）。",
        "1.编目录（一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一）。",
    ],
)
def test_loose_brackets_and_labels_are_text(text: str) -> None:
    found = plan(text, "责任单位：市财政局")
    assert "".join(m.text for t in found.tasks for m in t.measures) == text


def test_a_text_that_assigns_nothing_is_no_plan() -> None:
    with pytest.raises(DocumentError):
        plan("一、总体要求", "要高度重视。")
