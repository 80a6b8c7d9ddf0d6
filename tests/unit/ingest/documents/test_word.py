"""Word documents, written as XML: lists, merged cells, boxes, and what was deleted or hidden."""

from tests.unit.ingest.documents.word_documents import cell, grid, p, row, said, table, word

STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"


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


def test_how_words_look_is_left_out_and_words_that_look_like_tags_are_not() -> None:
    look = '<w:rPr><w:rFonts w:ascii="a"/><w:b/><w:sz w:val="21"/></w:rPr>'
    document = word(f"<w:p><w:r>{look}<w:t>&lt;w:b/&gt;甲</w:t></w:r></w:p>")
    assert said(document) == ["<w:b/>甲"]
