"""PDF pages, drawn for the purpose: turned, clipped, in forms, and packed with malice."""

import io
import zlib
from base64 import a85encode
from collections.abc import Sequence

import pytest

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Document, Paragraph, Table

ROWS = [["1", "甲任务", "公开甲。"], ["2", "乙任务", "公开乙。"]]
WIDTHS = (40, 100, 200)
FONT = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /F /Encoding /Identity-H /ToUnicode 5 0 R"
    " /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /F /DW 1000"
    " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    " /FontDescriptor << /Type /FontDescriptor /FontName /F /Flags 4 /ItalicAngle 0 /Ascent 880"
    " /Descent -120 /CapHeight 700 /StemV 80 /FontBBox [0 -200 1000 900] >> >>] >>"
)
RANGES = [f"<{high:02X}00> <{high:02X}FF> <{high:02X}00>\n" for high in range(256)]
CMAP = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def"
    " 1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
    + "".join(
        f"64 beginbfrange\n{''.join(RANGES[first : first + 64])}endbfrange\n"
        for first in range(0, 256, 64)
    )
    + "endcmap end end"
)


def text(x: float, y: float, words: str, size: float = 10) -> str:
    return f"BT /F1 {size} Tf {x} {y} Td <{words.encode('utf-16-be').hex()}> Tj ET\n"


def ruled(rows: Sequence[Sequence[str]], top: float = 700, size: float = 10) -> str:
    shown = ""
    for row in rows:
        x = 50.0
        for words, width in zip(row, WIDTHS, strict=True):
            shown += f"{x} {top - 2 * size} {width} {2 * size} re S\n"
            shown += text(x + 3, top - 1.4 * size, words, size)
            x += width
        top -= 2 * size
    return shown


def stream(data: bytes, more: str = "") -> bytes:
    return f"<< /Length {len(data)} {more} >>\nstream\n".encode() + data + b"\nendstream"


def pdf(*pages: bytes, page: str = "", packing: str = "", form: bytes = b"") -> bytes:
    """A file of pages, given as what they draw; `page` is added to each page's dictionary."""
    kids = " ".join(f"{7 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        FONT.encode(),
        stream(form, "/Type /XObject /Subtype /Form /BBox [0 0 9999 9999] /Matrix [1 0 0 1 0 0]"
               " /Resources << /Font << /F1 3 0 R >> >>"),
        stream(CMAP.encode()),
        b"null",
    ]  # fmt: skip
    for number, drawn in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] {page} /Resources << /Font"
            f" << /F1 3 0 R >> /XObject << /X 4 0 R >> >> /Contents {8 + 2 * number} 0 R"
            " >>".encode()
        )
        objects.append(stream(drawn, packing))
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n" % (len(objects) + 1))
    out.write(b"%d\n%%%%EOF" % start)
    return out.getvalue()


def read(*pages: str, page: str = "") -> Document:
    return read_document("a.pdf", pdf(*(each.encode() for each in pages), page=page))


def grid(document: Document) -> list[list[str]]:
    return [
        [f"{'^' * c.above}{'<' * c.left}{c.text}" for c in row.cells]
        for block in document.blocks
        if isinstance(block, Table)
        for row in block.rows
    ]


def said(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def test_a_ruled_table_is_read_page_by_page() -> None:
    document = read(
        text(200, 750, "某县任务表") + ruled(ROWS), ruled(ROWS) + text(300, 20, "- 2 -")
    )
    assert (said(document), grid(document)) == (["某县任务表"], ROWS + ROWS)
    places = [[row.after_break for row in block.rows] for block in document.blocks[1:]]
    assert places == [[True, False], [True, False]]


@pytest.mark.parametrize(
    ("turn", "page"),
    [
        ("0 1 -1 0 800 0 cm", ""),
        ("0 -1 1 0 0 600 cm", ""),
        ("-1 0 0 -1 600 800 cm", ""),
        ("0 1 -1 0 800 0 cm", "/Rotate 90"),
    ],
)
def test_a_table_printed_sideways_is_read_like_an_upright_one(turn: str, page: str) -> None:
    # Letters: what a machine without Chinese fonts can measure, whichever way it stands.
    rows = [["1", "first", "tell it."], ["2", "second", "tell all."]]
    document = read(f"{turn}\n{text(200, 750, 'Plan') + ruled(rows)}", page=page)
    assert (said(document), grid(document)) == (["Plan"], rows)


@pytest.mark.parametrize("size", [4, 6, 16])
def test_print_may_be_small_or_large(size: float) -> None:
    assert grid(read(ruled(ROWS, size=size))) == ROWS


def test_lines_of_small_print_are_not_mixed() -> None:
    lines = "".join(
        text(93, 697 - 4 * n, words, 4) for n, words in enumerate(("公开甲", "公开乙"), 1)
    )
    drawn = ruled([["1", "", ""]]) + lines
    assert grid(read(drawn)) == [["1", "公开甲\n公开乙", ""]]


def test_what_lies_outside_of_its_clip_is_not_read() -> None:
    clipped = f"q 50 660 340 40 re W n {text(93, 640, '下一页的字')}{text(93, 690, '两字')} Q\n"
    assert grid(read(ruled([["1", "", "乙丙"]]) + clipped)) == [["1", "两字", "乙丙"]]
    assert said(read(ruled([["1", "", "乙丙"]]) + clipped)) == []


def test_a_table_within_a_form_is_read_where_the_form_stands() -> None:
    data = pdf(b"q 0.5 0 0 0.5 0 100 cm /X Do Q", form=ruled(ROWS).encode())
    assert grid(read_document("a.pdf", data)) == ROWS


def test_radicals_that_a_font_names_become_the_common_characters() -> None:
    assert grid(read(ruled([["1", "⼯信局", "⽅⾯⺠"], ["2", "", ""]])))[0] == [
        "1",
        "工信局",
        "方面民",
    ]


def test_a_rare_character_of_two_halves_is_one() -> None:
    assert grid(read(ruled([["1", "𠮷林", ""], ["2", "", ""]])))[0][1] == "𠮷林"


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ("分类升级、集中统统统统", "一、共享共用。", True),
        ("一、编制目录并公开目录", "二、完善流程。", False),
        ("编制目录并且公开目录。", "一、完善流程。", False),
        ("主要任务和要求包括有：", "1.完善流程。", False),
        ("推动各个有关的工作领领", "域“双随机、一公开”", True),
        ("编制目录", "完善流程", False),
    ],
)
def test_a_full_line_goes_on_unless_a_list_does(first: str, second: str, whole: bool) -> None:
    cell = text(193, 687, first, 17.5) + text(193, 667, second, 17.5)
    boxes = "50 650 40 50 re S 90 650 100 50 re S 190 650 200 50 re S\n"
    expected = first + second if whole else f"{first}\n{second}"
    assert grid(read(boxes + text(53, 687, "1") + cell)) == [["1", "", expected]]


def test_a_character_that_no_font_here_can_measure_is_told() -> None:
    document = read(ruled(ROWS), ruled([["1", "甲", "乙丙"]]))
    assert [each.place for each in document.left_out] == ["page 2"]
    assert "有1处" in document.left_out[0].text


def image(more: str = "") -> str:
    return f"q 500 0 0 500 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x41 EI Q {more}"


def test_a_scan_is_told_as_one_even_under_a_watermark() -> None:
    for drawn in (image(), image(text(300, 20, "扫描全能王 创建")), ""):
        with pytest.raises(DocumentError) as caught:
            read(drawn)
        assert caught.value.code is DocumentFault.SCANNED


def bomb(packing: str, *, times: int = 1, paint: bytes = b" ") -> bytes:
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(paint * 1_000_000) for _ in range(64)) + packer.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return pdf(data, packing=packing)


@pytest.mark.parametrize(
    "data",
    [
        bomb("/Filter /FlateDecode"),
        bomb("/Filter /FlateDecode /Subtype /Image"),
        bomb("/Filter [/FlateDecode /FlateDecode]", times=2),
        pdf(b"x" * 100_000, packing="/Filter /LZWDecode"),
    ],
    ids=["plain", "called a picture", "packed twice", "packed in an old way"],
)
def test_a_page_that_unpacks_to_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document("a.pdf", data)
    assert caught.value.code is DocumentFault.TOO_LARGE


def test_packed_pages_are_read() -> None:
    drawn = ruled(ROWS).encode()
    flate = zlib.compress(drawn)
    for data in (
        pdf(flate, packing="/Filter /FlateDecode"),
        pdf(a85encode(flate) + b"~>", packing="/Filter [/ASCII85Decode /FlateDecode]"),
    ):
        assert grid(read_document("a.pdf", data)) == ROWS


def test_a_file_with_a_password_is_told_as_such() -> None:
    data = pdf(ruled(ROWS).encode()).replace(
        b"/Root 1 0 R",
        b"/Root 1 0 R /ID [<00> <00>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4"
        b" /O <" + b"11" * 32 + b"> /U <" + b"22" * 32 + b"> >>",
    )
    with pytest.raises(DocumentError) as caught:
        read_document("a.pdf", data)
    assert caught.value.code is DocumentFault.ENCRYPTED


def test_a_grid_drawn_in_one_stroke_is_a_table() -> None:
    lines = "".join(f"50 {y} m 390 {y} l " for y in (700, 680, 660))
    lines += "".join(f"{x} 700 m {x} 660 l " for x in (50, 90, 190))
    lines += "390 660 m 390 700 l h S\n"
    words = (
        text(53, 686, "1") + text(93, 686, "甲任务") + text(53, 666, "2") + text(93, 666, "乙任务")
    )
    assert grid(read(lines + words)) == [["1", "甲任务", ""], ["2", "乙任务", ""]]


def test_a_page_full_of_drawing_is_no_table() -> None:
    drawing = "".join(f"{n % 500} 10 {n % 300} 20 re S\n" for n in range(2_000))
    assert grid(read(drawing + text(50, 700, "只有文字的一页"))) == []


def test_pictures_and_fonts_may_be_long_and_what_is_no_stream_is_none() -> None:
    def packed(kind: str) -> bytes:
        data = zlib.compress(b" " * 20_000_000)
        return stream(data, f"{kind} /Filter /FlateDecode")

    beside = b"".join(
        b"%d 0 obj\n%b\nendobj\n" % (90 + number, packed(kind))
        for number, kind in enumerate(("/Subtype /Image", "/Length1 20000000"))
    )
    broken = b"99 0 obj\n" + stream(b"not packed", "/Filter /FlateDecode") + b"\nendobj\n"
    odd = b"98 0 obj\n" + stream(b"\xff~>", "/Filter [/A85 /Fl]") + b"\nendobj\n"
    data = pdf(ruled(ROWS).encode()).replace(b"xref\n", beside + broken + odd + b"xref\n", 1)
    assert grid(read_document("a.pdf", data)) == ROWS
