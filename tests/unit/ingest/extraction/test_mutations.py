"""Files that are nearly right: whatever breaks in them, a plan or a clear error comes out."""

import io
import zipfile
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan

TITLE = "云岭县2023年政务公开任务分解表"
ROWS = [
    ["序号", "任务名称", "具体内容", "责任单位", "完成时限"],
    ["1", "财政公开", "公开预算，公开决算。\n公开绩效评价结果。", "县财政局、县审计局", "6月底前"],
    ["2", "教育公开", "公开招生方案。", "县教育局等部门", "2023年9月"],
]
PIECES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [
            b"<w:tbl>", b"</w:tbl>", b"<w:tr/>", b"<w:tc/>", b"<w:vMerge/>", b"<w:p>", b"</w:t>",
            b'<w:gridSpan w:val="-9"/>', b'<w:gridSpan w:val="99999999999"/>', b"<row/>", b"<c/>",
            b'<c t="s"><v>99</v></c>', b'<c t="d"><v>x</v></c>', b"<v>1e999</v>", b"<mergeCell/>",
            b'<mergeCell ref="XFD9:A1"/>', b'<c r="ZZZ0"><v>1</v></c>', b'"', b"<", b">", b"&#0;",
            b"<td colspan=-1 rowspan=99999>", b"</table>", b"<table>", b"<p>", b"\t", b"\n",
            b"endstream", b"0 0 0 0 re", b"BT", b"<</Kids[2 0 R]>>", b" 99999999 0 R", b"\x00",
        ]
    ),
)  # fmt: skip


def spoilt(data: bytes, change: tuple[float, int, bytes]) -> bytes:
    """Some bytes taken out at a place, told as a share of the whole, and others put in."""
    share, gone, piece = change
    at = int(share * len(data))
    return data[:at] + piece + data[at + gone :]


@cache
def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [n for n in archive.namelist() if n.endswith((".xml", ".rels"))]
        return {name: archive.read(name) for name in names}


def packed(contents: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return out.getvalue()


def answer(name: str, data: bytes) -> None:
    found: ParsedPlan | DocumentError
    try:
        found = read_plan(name, data)
    except DocumentError as error:
        found = error
    assert found.tasks if isinstance(found, ParsedPlan) else found.message


CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 200), PIECES),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", ["text", "csv", "html", "docx", "xlsx", "pdf"])
@given(changes=CHANGES)
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_file_with_wrong_bytes_is_a_plan_or_an_error(writers, kind, changes) -> None:
    name, data = writers[kind](TITLE, ROWS)
    for change in changes:
        data = spoilt(data, change)
    answer(name, data)


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
@given(changes=CHANGES, which=st.floats(0, 1, exclude_max=True))
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_an_archive_whose_parts_are_wrong_is_a_plan_or_an_error(
    writers, kind, changes, which
) -> None:
    name, data = MADE.setdefault(kind, writers[kind](TITLE, ROWS))
    contents = dict(parts(data))
    # The part that holds the table as often as all others together.
    main = {"docx": "word/document.xml", "xlsx": "xl/worksheets/sheet1.xml"}[kind]
    part = main if which < 0.5 else sorted(contents)[int((which - 0.5) * 2 * len(contents))]
    for change in changes:
        contents[part] = spoilt(contents[part], change)
    answer(name, packed(contents))


MADE: dict[str, tuple[str, bytes]] = {}


@pytest.mark.parametrize("kind", ["csv", "html", "docx", "xlsx"])
@given(blank=st.sampled_from(" \u3000\xa0"), at=st.integers(1, 6))
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_blanks_and_wide_figures_change_nothing_in_any_format(writers, kind, blank, at) -> None:
    whole = read_plan(*writers[kind](TITLE, ROWS))
    wide = {ord(c): ord(c) + 0xFEE0 for c in "0123456789"}

    def parted(text: str) -> str:
        return text[:at] + blank + text[at:]

    rows = [
        [blank + row[0].translate(wide), row[1], parted(row[2]), parted(row[3]), row[4] + blank]
        for row in ROWS[1:]
    ]
    assert read_plan(*writers[kind](TITLE, [ROWS[0], *rows])) == whole
