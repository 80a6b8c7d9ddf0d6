"""Unit cells, phrase by phrase: who is named, who leads, and what is no unit."""

import pytest

from services.ingest.extraction.actors.units import merge_unit_lists, read_units

NAMES = [
    ("各县、市、区政府", ["各县、市、区政府"]),
    ("各镇、街，各管委会，区直各部门", ["各镇、街", "各管委会", "区直各部门"]),
    ("各乡镇、街道", ["各乡镇", "街道"]),
    ("各镇、县财政局", ["各镇", "县财政局"]),
    ("县文化和旅游局、县发展和改革局", ["县文化和旅游局", "县发展和改革局"]),
    ("各县（市、区）党委和人民政府，高新区党工委和管委会",
     ["各县（市、区）党委和人民政府", "高新区党工委和管委会"]),
    ("县财政局和县审计局", ["县财政局", "县审计局"]),
    ("县委办及各乡镇", ["县委办", "各乡镇"]),
    ("政府和社会资本合作中心", ["政府和社会资本合作中心"]),
    ("各县区（开发区） 安委会", ["各县区（开发区）安委会"]),
    ("市安委办 （专班办公室）", ["市安委办（专班办公室）"]),
    ("办公室 法规科 财务科", ["办公室", "法规科", "财务科"]),
    ("1.县财政局2.县教育局", ["县财政局", "县教育局"]),
    ("各县（市、区）政府（管委会）", ["各县（市、区）政府（管委会）"]),
    ("县财政局（国资局）、", ["县财政局（国资局）"]),
    ("县财政局;县税务局;", ["县财政局", "县税务局"]),
    ("甲海关、乙支行", ["甲海关", "乙支行"]),
    ("各项目牵头单位", ["各项目牵头单位"]),
    ("县司法局会同县政府办，各乡镇", ["县司法局", "县政府办", "各乡镇"]),
    ("县政府办，责任单位：县财政局", ["县政府办", "县财政局"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "names"), NAMES)
def test_names_are_taken_whole(text: str, names: list[str]) -> None:
    units = read_units(text)
    assert units.names == names
    assert (units.lead, units.open_ended, units.stray) == ([], False, [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("县财政局等6个部门", ["县财政局"]),
        ("县财政局等县直有关部门", ["县财政局"]),
        ("县财政局及相关部门", ["县财政局"]),
        ("县财政局等部门及各乡镇", ["县财政局", "各乡镇"]),
        ("县财政局，县审计局，等", ["县财政局", "县审计局"]),
        ("州司法局及州直相关单位", ["州司法局", "州直相关单位"]),
        ("各乡镇、县直有关部门（单位）", ["各乡镇", "县直有关部门（单位）"]),
        ("市直有关部门、单位，各区", ["市直有关部门、单位", "各区"]),
        ("县农业农村局会同有关部门负责", ["县农业农村局"]),
        ("各有关单位", []),
    ],
)
def test_a_list_may_stay_open(text: str, names: list[str]) -> None:
    units = read_units(text)
    assert units.names == names
    assert units.open_ended


@pytest.mark.parametrize(
    ("text", "names", "lead"),
    [
        ("县财政局为牵头单位，县审计局为配合单位", ["县财政局", "县审计局"], ["县财政局"]),
        ("牵头单位县财政局，配合单位县审计局", ["县财政局", "县审计局"], ["县财政局"]),
        ("牵头：县财政局 配合：县审计局", ["县财政局", "县审计局"], ["县财政局"]),
        ("由县财政局牵头，会同县审计局负责", ["县财政局", "县审计局"], ["县财政局"]),
        ("县财政局牵头抓总，各乡镇落实", ["县财政局", "各乡镇"], ["县财政局"]),
        ("县财政局主办、县审计局协办", ["县财政局", "县审计局"], ["县财政局"]),
    ],
)
def test_words_tell_who_leads(text: str, names: list[str], lead: list[str]) -> None:
    units = read_units(text)
    assert units.names == names
    assert units.lead == lead


def test_a_star_leads_only_where_the_document_says_so() -> None:
    assert read_units("★县财政局、县审计局*").lead == []
    assert read_units("★县财政局、县审计局*").names == ["县财政局", "县审计局"]
    assert read_units("★县财政局、县审计局", starred=True).lead == ["县财政局"]


@pytest.mark.parametrize(
    ("text", "names", "stray"),
    [
        ("责任单位：县财政局；责任人：张三", ["县财政局"], ["张三"]),
        ("县住建局：负责房屋安全；县城管局：负责市容", ["县住建局", "县城管局"],
         ["负责房屋安全", "负责市容"]),
        ("县财政局、" + "甲" * 31, ["县财政局"], ["甲" * 31]),
        ("县财政局、" + "甲" * 201, ["县财政局"], ["甲" * 201]),
    ],
)  # fmt: skip
def test_what_is_no_unit_is_set_aside(text: str, names: list[str], stray: list[str]) -> None:
    units = read_units(text)
    assert (units.names, units.stray) == (names, stray)


@pytest.mark.parametrize("when", ["6月底完成", "12月底前", "持续推进", "长期坚持"])
def test_a_deadline_in_the_list_is_no_unit(when: str) -> None:
    units = read_units(f"县财政局、{when}", 2023)
    assert (units.names, units.dates) == (["县财政局"], [when])


def test_a_department_named_for_a_year_is_a_unit() -> None:
    assert read_units("年鉴办、季度考核办", 2023).names == ["年鉴办", "季度考核办"]


def test_cells_are_merged_in_order_and_empty_ones_left_out() -> None:
    whole = merge_unit_lists(
        [read_units("县财政局"), read_units("/"), read_units("县审计局、县财政局")]
    )
    assert whole.printed == "县财政局；县审计局、县财政局"
    assert whole.names == ["县财政局", "县审计局"]
