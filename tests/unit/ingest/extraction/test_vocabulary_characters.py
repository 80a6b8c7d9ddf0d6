"""Each character and word that structures a text means the same to every reader."""

import re
from pathlib import Path

import pytest

from services.ingest import extraction
from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.actors.other_actors import has_other_actor
from services.ingest.extraction.actors.units import read_units
from services.ingest.extraction.dates.cells import join_wrapped_lines
from services.ingest.extraction.plans.reading import read_plan
from services.ingest.extraction.table.columns.layout import score_cell
from services.ingest.extraction.titles import is_note, is_title, read_frame
from services.ingest.extraction.vocabulary.labels import Role, get_role


def read_cells(*rows: tuple[str, str, str]):
    """A plan of tasks with these duties, units and deadlines."""
    head = ["临江县2024年政务公开工作要点", "序号,任务,责任单位,完成时限"]
    body = [f'{i},"{duty}","{unit}","{due}"' for i, (duty, unit, due) in enumerate(rows, 1)]
    return read_plan("plan.csv", "\n".join([*head, *body]).encode())


def test_characters_that_structure_a_text_are_listed_in_the_vocabulary_alone() -> None:
    """A reader names the set; a copy of its own would miss what the set learns."""
    folder = Path(extraction.__file__).parent
    copies = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in folder.rglob("*.py")
        if path.parent.name != "vocabulary"
        for line in path.read_text().splitlines()
        if re.search(r"一二三|①-|〔|\\u4e00|、，|，、|。；|；;|（\(|\(（", line.partition("#")[0])
    ]
    assert copies == []


def test_a_circled_number_before_an_actor_hides_nobody() -> None:
    assert has_other_actor("①县财政局负责开展检查。", ["县教育局"])


@pytest.mark.parametrize("remark", ["〔试行〕", "（试行）", "[试行]", "【试行】", "(试行)"])
def test_every_kind_of_bracket_may_end_a_title(remark: str) -> None:
    assert is_title(f"临江县2024年政务公开工作要点{remark}")


@pytest.mark.parametrize("span", ["-", "—", "——", "–", "~", "～", "至", "到"])
def test_every_sign_of_a_span_joins_two_years(span: str) -> None:
    frame = read_frame([Paragraph(f"临江县2021年{span}2025年工作要点", "line 1")], (), "a.txt")
    assert (frame.spans, frame.year, frame.issuer) == (True, 2021, "临江县")


@pytest.mark.parametrize("year", ["二〇二四", "二零二四", "二○二四", "2024", "２０２４"])
def test_every_digit_of_a_year_is_read(year: str) -> None:
    title = f"{year}年临江县政务公开工作要点"
    frame = read_frame([Paragraph(title, "line 1")], (), "a.txt")
    assert (frame.year, frame.issuer) == (2024, "临江县")


@pytest.mark.parametrize("joiner", ["、", "，", "和", "及", "与"])
@pytest.mark.parametrize(
    ("due", "days"),
    [
        ("6月5日{}20日", ["2024-06-05", "2024-06-20"]),
        ("3月{}9月底前", ["2024-03-31", "2024-09-30"]),
        ("第一{}三季度末", ["2024-03-31", "2024-09-30"]),
        ("上半年{}下半年", ["2024-06-30", "2024-12-31"]),
    ],
)
def test_every_joiner_lists_days(due: str, joiner: str, days: list[str]) -> None:
    plan = read_cells(("完善目录。", "县财政局", due.format(joiner)))
    assert [str(day) for day in plan.tasks[0].measures[0].due] == days


@pytest.mark.parametrize(
    "mark", ["1.", "1、", "1．", "（1）", "(1)", "1)", "①", "一、", "（一）", "一．", "二十一、"]
)
def test_every_list_number_begins_a_line_of_a_deadline(mark: str) -> None:
    assert join_wrapped_lines(f"完成立项审批\n{mark}建成投用") == f"完成立项审批\n{mark}建成投用"


@pytest.mark.parametrize("role", ["牵头", "主责", "主办"])
@pytest.mark.parametrize("body", ["单位", "部门", "机构", "科室", "股室", "处室"])
def test_every_word_for_lead_and_body_makes_a_label(role: str, body: str) -> None:
    units = read_units(f"{role}{body}：县财政局；配合{body}：县审计局")
    assert (units.names, units.lead) == (["县财政局", "县审计局"], ["县财政局"])
    assert get_role(f"{role}{body}") is Role.LEAD
    assert read_units(f"县财政局（{role}{body}）、县审计局").lead == ["县财政局"]


@pytest.mark.parametrize("role", ["配合", "协办", "协同", "协助", "协作", "参与", "参加", "会办"])
def test_every_word_for_support_makes_a_label(role: str) -> None:
    units = read_units(f"牵头单位：县财政局；{role}单位：县审计局、县统计局")
    assert (units.names, units.lead) == (["县财政局", "县审计局", "县统计局"], ["县财政局"])
    assert get_role(f"{role}单位") is Role.SUPPORT
    assert read_units(f"县财政局（牵头）、县审计局（{role}单位）").names == ["县财政局", "县审计局"]


@pytest.mark.parametrize("separator", ["、", "，", ",", "；", ";", "\n"])
def test_a_unit_list_fits_its_column_with_every_separator(separator: str) -> None:
    assert score_cell(Role.UNITS, f"牵头单位：县财政局{separator}县审计局") > 0


@pytest.mark.parametrize("star", ["*", "＊", "★", "▲"])
def test_every_star_marks_a_lead_unit(star: str) -> None:
    assert read_units(f"县财政局{star}、县审计局", starred=True).lead == ["县财政局"]
    assert is_note(f"{star}为牵头单位")
