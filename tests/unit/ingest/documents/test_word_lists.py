"""The numbers of lists in Word documents: levels, formats, styles."""

import pytest

from services.ingest.documents.word.number_formats import format_number
from tests.unit.ingest.documents.word_documents import cell, grid, p, row, said, table, word


def listed(text: str, number: int = 1, level: int = 0) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def level(index: int, form: str, text: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
        f'{more}<w:lvlText w:val="{text}"/></w:lvl>'
    )


def definition(name: int, *levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{name}">{"".join(levels)}</w:abstractNum>'


def number(name: int, of: int, change: str = "") -> str:
    return f'<w:num w:numId="{name}"><w:abstractNumId w:val="{of}"/>{change}</w:num>'


def test_lists_of_one_definition_count_on_and_one_with_a_new_start_begins_anew() -> None:
    anew = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    document = word(
        listed("甲") + listed("乙") + p("其他") + listed("丙", 2) + listed("丁", 3)
        + listed("戊", 3),
        numbering=definition(0, level(0, "decimal", "%1."))
        + number(1, 0) + number(2, 0) + number(3, 0, anew),
    )  # fmt: skip
    assert said(document) == ["1.甲", "2.乙", "其他", "3.丙", "1.丁", "2.戊"]


def test_levels_show_their_parents_and_begin_anew_under_each() -> None:
    document = word(
        listed("甲") + listed("子", level=1) + listed("丑", level=1) + listed("乙")
        + listed("寅", level=1),
        numbering=definition(
            0, level(0, "chineseCounting", "%1、"), level(1, "decimal", "%1.%2", "<w:isLgl/>")
        ) + number(1, 0),
    )  # fmt: skip
    assert said(document) == ["一、甲", "1.1子", "1.2丑", "二、乙", "2.1寅"]


def test_a_style_numbers_its_paragraphs_and_those_of_styles_that_build_on_it() -> None:
    document = word(
        p("甲", '<w:pStyle w:val="Part"/>') + p("乙", '<w:pStyle w:val="Own"/>')
        + p("丙", '<w:pStyle w:val="Own"/><w:numPr><w:numId w:val="0"/></w:numPr>'),
        numbering=definition(0, level(0, "decimal", "（%1）", '<w:pStyle w:val="Part"/>'))
        + number(5, 0),
        styles='<w:style w:styleId="Part"><w:pPr><w:numPr><w:numId w:val="5"/></w:numPr></w:pPr>'
        '</w:style><w:style w:styleId="Own"><w:basedOn w:val="Part"/></w:style>',
    )  # fmt: skip
    assert said(document) == ["（1）甲", "（2）乙", "丙"]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("decimalZero", "03"), ("decimalEnclosedCircle", "③"), ("chineseCountingThousand", "三"),
        ("ideographTraditional", "丙"), ("chineseLegalSimplified", "叁"), ("lowerLetter", "c"),
        ("upperRoman", "III"), ("decimalFullWidth", "３"), ("ideographDigital", "三"),
        ("decimalEnclosedParen", "⑶"), ("ordinalText", "3"), ("bullet", ""),
    ],
)  # fmt: skip
def test_a_number_is_written_in_its_format(form: str, shown: str) -> None:
    assert format_number(3, form) == shown


def test_long_lists_are_counted_as_one_says_them() -> None:
    said = [format_number(n, "chineseCounting") for n in (10, 11, 20, 99, 100, 101, 110, 215)]
    assert said == ["十", "十一", "二十", "九十九", "一百", "一百零一", "一百一十", "二百一十五"]
    assert [format_number(n, "lowerLetter") for n in (26, 27, 53)] == ["z", "aa", "aaa"]
    assert [format_number(n, "lowerRoman") for n in (4, 9, 14, 49)] == ["iv", "ix", "xiv", "xlix"]
    assert [format_number(n, "decimalEnclosedCircle") for n in (20, 21)] == ["⑳", "21"]


def test_a_number_that_would_run_into_a_figure_is_left_out() -> None:
    document = word(
        listed("5%以上") + listed("6月底前"),
        numbering=definition(0, level(0, "decimal", "%1.")) + number(1, 0),
    )
    assert said(document) == ["5%以上", "2.6月底前"]


def test_items_in_a_cell_stand_apart_and_a_number_alone_is_the_cells_text() -> None:
    numbers = definition(0, level(0, "decimal", "%1.")) + number(1, 0)
    bullets = definition(1, level(0, "bullet", "\uf0b7")) + number(2, 1)
    document = word(
        table(
            row(cell(listed("")), cell(listed("甲", 2) + listed("乙", 2))),
            row(cell(listed("")), ""),
        ),
        numbering=numbers + bullets,
    )  # fmt: skip
    assert grid(document) == [["1.", "甲\n\n乙"], ["2.", ""]]


def test_a_list_may_take_its_levels_from_a_style_or_change_one_of_them() -> None:
    other = f'<w:lvlOverride w:ilvl="0">{level(0, "upperLetter", "%1)")}</w:lvlOverride>'
    document = word(
        listed("甲", 1) + listed("乙", 2) + listed("丙", 3),
        numbering=definition(0, '<w:numStyleLink w:val="Plain"/>')
        + definition(1, level(0, "decimal", "%1)"))
        + number(1, 0) + number(2, 1, other) + number(3, 1),
        styles='<w:style w:styleId="Plain"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr>'
        "</w:style>",
    )  # fmt: skip
    assert said(document) == ["1)甲", "B)乙", "3)丙"]


def test_levels_that_no_list_has_print_nothing() -> None:
    numbering = definition(0, level(1, "decimal", "%1.%2")) + number(1, 0) + number(2, 9)
    document = word(
        listed("甲", 1, 5) + listed("乙", 2) + listed("丙", 7) + listed("丁", 1, 1),
        numbering=numbering,
    )
    assert said(document) == ["甲", "乙", "丙", "1.1丁"]


@pytest.mark.parametrize(("n", "shown"), [(0, "0"), (4000, "4000")])
def test_numbers_beyond_a_format_are_digits(n: int, shown: str) -> None:
    assert format_number(n, "chineseCounting") == shown
    assert format_number(n, "lowerRoman") == shown
