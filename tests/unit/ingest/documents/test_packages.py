"""Files with macros, embedded files, or far too much inside are told from those of offices."""

import io
import zipfile

import docx
import openpyxl
import pytest

from services.ingest.documents import packages
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.packages import list_safe_parts

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
VBA = OLE + "_VBA_PROJECT".encode("utf-16-le")
NATIVE = OLE + "\1Ole10Native".encode("utf-16-le")
TYPES = "[Content_Types].xml"


def make_word_file() -> bytes:
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph("已公开")
    document.save(file)
    return file.getvalue()


def make_excel_file() -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["已公开"])
    book.save(file)
    return file.getvalue()


def add_parts(content: bytes, **parts: bytes) -> bytes:
    """A package with further parts; `_` in a name stands for a slash."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("_", "/"), part)
    return file.getvalue()


def change_types(content: bytes, old: bytes, new: bytes, encoding: str = "utf-8") -> bytes:
    """A package with other content types."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(file, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == TYPES:
                assert old in part
                part = part.replace(old, new).decode().encode(encoding)
            target.writestr(name, part)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        make_word_file(),
        make_excel_file(),
        add_parts(make_word_file(), word_embeddings_a=make_excel_file()),
        add_parts(make_word_file(), word_embeddings_chart=OLE),
        add_parts(make_word_file(), word_media_blank=bytes(30 * 2**20)),
        OLE,
        b"%PDF-1.7",
        b"PK\x03\x04 damaged",
    ],
)
def test_what_offices_write_is_taken(content: bytes) -> None:
    parts = list_safe_parts(content)
    with_parts = content.startswith(b"PK") and b"damaged" not in content
    assert (TYPES in parts) is with_parts


@pytest.mark.parametrize(
    "content",
    [
        VBA,
        add_parts(make_word_file(), word_vbaProject=VBA),
        add_parts(make_excel_file(), xl_harmless=bytes(0) + VBA),
        add_parts(make_excel_file(), xl_far=OLE + bytes(2**20 - len(OLE) - 9) + VBA[len(OLE) :]),
        add_parts(make_word_file(), word_embeddings_a=add_parts(make_excel_file(), xl_v=VBA)),
        change_types(make_excel_file(), b"sheet.main+xml", b"sheet.macroEnabled.main+xml"),
        change_types(make_excel_file(), b"spreadsheetml.worksheet", b"ms-excel.MacroSheet"),
        change_types(make_word_file(), b"document.main+xml", b"macroEnabled.main+xml", "utf-16"),
    ],
)
def test_macros_are_seen_by_content(content: bytes) -> None:
    assert refuse(content) is DocumentFault.MACROS


@pytest.mark.parametrize("content", [NATIVE, add_parts(make_word_file(), word_embeddings_o=NATIVE)])
def test_a_file_of_any_type_that_is_embedded_is_seen(content: bytes) -> None:
    assert refuse(content) is DocumentFault.EMBEDDED_FILE


def nest(levels: int) -> bytes:
    content = make_word_file()
    for _ in range(levels):
        content = add_parts(make_word_file(), word_embeddings_a=content)
    return content


@pytest.mark.parametrize(
    "content",
    [
        add_parts(make_word_file(), word_media_blank=bytes(packages.MIN_RATED)),
        add_parts(make_word_file(), **{f"word_{n}": b"" for n in range(5000)}),
        nest(packages.MAX_DEPTH),
    ],
)
def test_a_zip_bomb_is_refused_by_ratio_entries_and_depth(content: bytes) -> None:
    assert refuse(content) is DocumentFault.BOMB


def test_a_zip_bomb_is_refused_by_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    content = add_parts(make_word_file(), word_media_blank=bytes(2 * 2**20))
    assert TYPES in list_safe_parts(content)
    monkeypatch.setattr(packages, "MAX_UNPACKED", 2 * 2**20)
    assert refuse(content) is DocumentFault.BOMB


def test_a_package_within_is_held_in_memory_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    within = make_excel_file()  # another one has another time of writing, and perhaps another size
    content = add_parts(make_word_file(), word_embeddings_a=within)
    monkeypatch.setattr(packages, "MAX_INNER", len(within) - 1)
    assert refuse(content) is DocumentFault.BOMB


def test_a_way_of_packing_that_office_programs_do_not_use_is_refused() -> None:
    file = io.BytesIO(make_word_file())
    with zipfile.ZipFile(file, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/media/a", b"a")
    assert refuse(file.getvalue()) is DocumentFault.BROKEN


def test_a_bomb_that_states_a_small_size_is_not_unpacked_further() -> None:
    content = bytearray(add_parts(make_word_file(), word_media_blank=bytes(packages.MIN_RATED)))
    size = packages.MIN_RATED.to_bytes(4, "little")
    assert content.count(size) == 2
    assert refuse(bytes(content.replace(size, (9).to_bytes(4, "little")))) is DocumentFault.BROKEN


def refuse(content: bytes) -> DocumentFault:
    with pytest.raises(DocumentError) as refused:
        list_safe_parts(content)
    return refused.value.code
