"""Word documents, written as XML: lists, merged cells, boxes, and what was deleted or hidden."""

import io
import zipfile

import pytest

from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Document, Paragraph, Table
from services.ingest.documents.word.number_formats import format_number

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ALTERNATIVE = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def relations(*targets: str) -> str:
    shown = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(each.split("=") for each in targets)
    )
    return f'<Relationships xmlns="{PACKAGE}">{shown}</Relationships>'


def word(
    body: str, *, numbering: str = "", styles: str = "", space: str = MAIN, part: str = "document"
) -> Document:
    def root(name: str, inside: str) -> str:
        return f'<w:{name} xmlns:w="{space}" xmlns:mc="{ALTERNATIVE}">{inside}</w:{name}>'

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("_rels/.rels", relations(f"officeDocument=word/{part}.xml"))
        archive.writestr(f"word/{part}.xml", root("document", f"<w:body>{body}</w:body>"))
        archive.writestr(
            f"word/_rels/{part}.xml.rels", relations("numbering=n.xml", "styles=/word/s.xml")
        )
        archive.writestr("word/n.xml", root("numbering", numbering))
        archive.writestr("word/s.xml", root("styles", styles))
    return read_document("a.docx", out.getvalue())


def p(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def listed(text: str, number: int = 1, level: int = 0) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def cell(content: str, properties: str = "") -> str:
    inside = content if content.startswith("<") else p(content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    shown = "".join(each if each.startswith("<w:tc>") else cell(each) for each in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{shown}</w:tr>"


def table(*rows: str, widths: tuple[int, ...] = ()) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return f"<w:tbl><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def level(index: int, form: str, text: str, more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{index}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
        f'{more}<w:lvlText w:val="{text}"/></w:lvl>'
    )


def definition(name: int, *levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{name}">{"".join(levels)}</w:abstractNum>'


def number(name: int, of: int, change: str = "") -> str:
    return f'<w:num w:numId="{name}"><w:abstractNumId w:val="{of}"/>{change}</w:num>'


def said(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def grid(document: Document) -> list[list[str]]:
    """The first table; ^ marks what continues the cell above, < the one to the left."""
    found = next(block for block in document.blocks if isinstance(block, Table))
    return [[f"{'^' * c.above}{'<' * c.left}{c.text}" for c in each.cells] for each in found.rows]


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


def test_cells_merged_both_ways_repeat_their_text_and_say_so() -> None:
    down, on = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    wide = '<w:gridSpan w:val="2"/>'
    document = word(
        table(
            row(cell("甲", down + wide), "乙"),
            row(cell("不显示", on + wide), "丙"),
            row("丁", "戊", "己"),
        )
    )
    assert grid(document) == [["甲", "<甲", "乙"], ["^甲", "^<甲", "丙"], ["丁", "戊", "己"]]


def test_a_merged_cell_whose_first_row_is_gone_is_a_cell_of_its_own() -> None:
    document = word(table(row(cell("甲", "<w:vMerge/>"), "乙")))
    assert grid(document) == [["甲", "乙"]]


def test_old_merging_to_the_left_and_rows_that_begin_later_are_seen() -> None:
    document = word(
        table(
            row(cell("甲", '<w:hMerge w:val="restart"/>'), cell("", "<w:hMerge/>"), "乙"),
            row("丙", "丁", properties='<w:gridBefore w:val="1"/>'),
            row("戊", "己", "庚"),
        )
    )
    assert grid(document) == [["甲", "<甲", "乙"], ["", "丙", "丁"], ["戊", "己", "庚"]]


def test_borders_that_miss_each_other_by_a_hair_are_one() -> None:
    two = '<w:gridSpan w:val="2"/>'
    document = word(
        table(
            row("序号", cell("任务", two), "单位"),
            row("1", cell("公开甲", two), "甲局"),
            row(cell("2", two), "公开乙", "乙局"),
            widths=(700, 60, 4000, 2000),
        )
    )
    assert grid(document) == [
        ["序号", "任务", "单位"],
        ["1", "公开甲", "甲局"],
        ["2", "公开乙", "乙局"],
    ]


def test_a_narrow_column_with_text_stays_a_column() -> None:
    document = word(table(row("一", "甲", "乙"), row("二", "丙", "丁"), widths=(200, 2000, 2000)))
    assert grid(document) == [["一", "甲", "乙"], ["二", "丙", "丁"]]


def test_columns_in_which_no_cell_begins_are_left_out() -> None:
    two = '<w:gridSpan w:val="2"/>'
    document = word(table(row(cell("甲", two), "乙"), row(cell("丙", two), "丁")))
    assert grid(document) == [["甲", "乙"], ["丙", "丁"]]


def test_what_was_deleted_moved_or_hidden_is_not_read() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    hidden = "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐</w:t></w:r>"
    shown = '<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>显</w:t></w:r>'
    changes = (
        f"<w:del>{run.format('删')}</w:del><w:moveFrom>{run.format('移')}</w:moveFrom>"
        f"<w:ins>{run.format('插')}</w:ins><w:moveTo>{run.format('来')}</w:moveTo>"
    )
    code = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
    link = f"<w:hyperlink>{run.format('链')}</w:hyperlink>"
    control = f"<w:sdt><w:sdtContent>{run.format('控')}</w:sdtContent></w:sdt>"
    reading = "<w:r><w:ruby><w:rt><w:r><w:t>pin</w:t></w:r></w:rt><w:rubyBase>{}</w:rubyBase>"
    ruby = reading.format(run.format("拼")) + "</w:ruby></w:r>"
    document = word(f"<w:p>{changes}{hidden}{shown}{code}{link}{control}{ruby}</w:p>")
    assert said(document) == ["插来显链控拼"]


def test_a_deleted_row_is_gone_and_a_deleted_paragraph_end_joins_two() -> None:
    gone = "<w:rPr><w:del/></w:rPr>"
    document = word(
        p("做好公开，", gone) + p("接受监督。")
        + table(
            row("甲", cell(p("编制", gone) + p("目录"))),
            row("乙", "丙", properties="<w:del/>"),
        )
    )  # fmt: skip
    assert said(document) == ["做好公开，接受监督。"]
    assert grid(document) == [["甲", "编制目录"]]


def test_rows_and_cells_in_content_controls_are_read() -> None:
    def control(inside: str) -> str:
        return f"<w:sdt><w:sdtPr/><w:sdtContent>{inside}</w:sdtContent></w:sdt>"

    inner = f"<w:tr>{control(cell('丙'))}{cell(control(p('丁')))}</w:tr>"
    document = word(control(table(row("甲", "乙"), control(inner))))
    assert grid(document) == [["甲", "乙"], ["丙", "丁"]]


def test_text_boxes_are_read_once_wherever_they_hang() -> None:
    def box(inside: str) -> str:
        return f"<w:txbxContent>{inside}</w:txbxContent>"

    def drawn(inside: str) -> str:
        return (
            f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box(inside)}</w:drawing>"
            f"</mc:Choice><mc:Fallback><w:pict>{box(inside)}</w:pict></mc:Fallback>"
            "</mc:AlternateContent></w:r>"
        )

    nested = f"<w:p>{drawn(p('内'))}</w:p>"
    in_body = f"<w:p>{drawn(p('标题') + nested)}</w:p>"
    in_cell = f"<w:p>{drawn(p('注'))}<w:r><w:t>甲</w:t></w:r></w:p>"
    document = word(in_body + table(row(cell(in_cell), "乙")))
    assert said(document) == ["标题", "内"]
    assert grid(document) == [["注\n甲", "乙"]]


def test_a_table_in_a_cell_becomes_its_lines_once() -> None:
    deepest = table(row("子", "丑"))
    inner = table(row("甲", cell(deepest + p(""))), row("乙", "丙"))
    document = word(table(row("一", "二", cell(p("表：") + inner + p("")))))
    assert grid(document) == [["一", "二", "表：\n甲 子 丑\n乙 丙"]]


def test_the_strict_variant_and_an_unusual_main_part_are_read() -> None:
    assert said(word(p("甲"), space=STRICT)) == ["甲"]
    assert said(word(p("甲"), part="document2")) == ["甲"]


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


def test_how_words_look_is_left_out_and_words_that_look_like_tags_are_not() -> None:
    look = '<w:rPr><w:rFonts w:ascii="a"/><w:b/><w:sz w:val="21"/></w:rPr>'
    document = word(f"<w:p><w:r>{look}<w:t>&lt;w:b/&gt;甲</w:t></w:r></w:p>")
    assert said(document) == ["<w:b/>甲"]
