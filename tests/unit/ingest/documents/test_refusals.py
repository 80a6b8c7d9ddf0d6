"""Files that are no plan: refused in seconds, with a stable code and what to do."""

import io
import random
import re
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pytest

from services.ingest.documents.errors import ADVICE, DocumentError, DocumentFault
from services.ingest.documents.files import read_document
from services.ingest.extraction.plans.reading import read_plan

NOISE = random.Random(1).randbytes(200_000)  # noqa: S311 - the same in every run
ROW = "1,名称,做好公开。,县财政局,年底前"
HEADER = "序号,任务名称,具体内容,责任单位,完成时限\n"
WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'


def packed(name: str, *parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as one:
        for part in parts:
            one.write(part)
    return out.getvalue()


def old_office(*, encrypted: bool = False) -> bytes:
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096)
    return head + ("EncryptedPackage".encode("utf-16-le") if encrypted else b"")


def rows_of_csv(count: int) -> bytes:
    return (HEADER + "1,名称,做好公开。,县财政局,年底前\n" * count).encode()


def merge_bomb() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    plain = io.BytesIO()
    book.save(plain)
    out = io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            part = source.read(info)
            if info.filename.endswith("sheet1.xml"):
                merged = b'<mergeCells><mergeCell ref="A5:XFD1048576"/></mergeCells>'
                part = part.replace(b"</sheetData>", b"</sheetData>" + merged)
            target.writestr(info, part)
    return out.getvalue()


def locked_archive() -> bytes:
    data = bytearray(packed("word/document.xml", b"<a/>"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    return bytes(data)


def entities() -> bytes:
    bomb = "<!DOCTYPE a [" + "".join(
        f'<!ENTITY e{i} "{f"&e{i - 1};" * 10 if i else "x"}">' for i in range(9)
    )
    return packed("word/document.xml", f"{bomb}]>{WORD}<w:body/></w:document>".encode())


def oddly_packed(*, damaged: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if damaged else zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", WORD + "<w:body/></w:document>")
    return out.getvalue().replace(b"<w:body/>", b"<w:bxdy/>") if damaged else out.getvalue()


CASES: list[tuple[str, str, Callable[[], bytes], DocumentFault]] = [
    ("nothing", "a.docx", lambda: b"", DocumentFault.EMPTY),
    ("a byte order mark alone", "a.csv", lambda: b"\xef\xbb\xbf", DocumentFault.EMPTY),
    ("blank lines", "a.txt", lambda: b"\n \n\t\n", DocumentFault.EMPTY),
    ("zero bytes", "a.xlsx", lambda: bytes(5000), DocumentFault.EMPTY),
    ("50 MB", "a.txt", lambda: b"a" * 50_000_000, DocumentFault.TOO_LARGE),
    ("a line of 6 MB", "a.txt", lambda: b"x" * 6_000_000, DocumentFault.TOO_LARGE),
    ("an endless cell", "a.csv", (HEADER + "每" * 20_000).encode, DocumentFault.TOO_LARGE),
    ("100,000 rows", "a.csv", lambda: rows_of_csv(100_000), DocumentFault.TOO_MANY_ROWS),
    ("5,000 columns", "a.csv", lambda: b"a,b" * 5000 + b"\n", DocumentFault.TOO_MANY_ROWS),
    ("spans without end", "a.html",
     lambda: b"<table>" + b"<tr><td rowspan=65535 colspan=60>1</tr>" * 9000,
     DocumentFault.TOO_MANY_ROWS),
    ("merged cells without end and nothing in them", "a.xlsx", merge_bomb,
     DocumentFault.NOT_A_PLAN),
    ("a million tags", "a.html", lambda: b"<table>" + b"<tr><td>1" * 600_000,
     DocumentFault.TOO_MANY_ROWS),
    ("a zip bomb", "a.docx",
     lambda: packed("word/document.xml", *[bytes(1_000_000)] * 100), DocumentFault.TOO_LARGE),
    ("a bomb of empty elements", "a.docx",
     lambda: packed("word/document.xml", WORD.encode(), *[b"<w:p/>" * 100_000] * 50),
     DocumentFault.TOO_MANY_ROWS),
    ("entities in XML", "a.docx", entities, DocumentFault.HOSTILE),
    ("an old document", "a.doc", old_office, DocumentFault.OLD_FORMAT),
    ("an old sheet under a new name", "a.xlsx", old_office, DocumentFault.OLD_FORMAT),
    ("a document with a password", "a.docx", lambda: old_office(encrypted=True),
     DocumentFault.ENCRYPTED),
    ("an archive with a password", "a.docx", locked_archive, DocumentFault.ENCRYPTED),
    ("an archive packed in a way of its own", "a.docx", oddly_packed, DocumentFault.BROKEN),
    ("an archive with a wrong byte", "a.docx", lambda: oddly_packed(damaged=True),
     DocumentFault.BROKEN),
    ("a workbook without its sheet", "a.xlsx", lambda: packed("xl/workbook.xml",
     b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'),
     DocumentFault.NOT_A_PLAN),
    ("an archive of files", "a.zip", lambda: packed("plan.docx", b"x"), DocumentFault.UNSUPPORTED),
    ("half a document", "a.docx", lambda: packed("word/document.xml", b"<a/>")[:60],
     DocumentFault.BROKEN),
    ("broken XML", "a.docx", lambda: packed("word/document.xml", b"<a><b></a>"),
     DocumentFault.BROKEN),
    ("a workbook without sheets", "a.xlsx", lambda: packed("xl/workbook.xml", b"<a/>"),
     DocumentFault.BROKEN),
    ("a broken PDF", "a.pdf", lambda: b"%PDF-1.7\n" + b"x" * 9999, DocumentFault.BROKEN),
    ("a picture", "a.pdf", lambda: b"\x89PNG\r\n" + bytes(99), DocumentFault.SCANNED),
    ("rich text", "a.doc", lambda: b"{\\rtf1 x}", DocumentFault.UNSUPPORTED),
    ("some other archive", "a.ofd", lambda: packed("OFD.xml", b"<a/>"), DocumentFault.UNSUPPORTED),
    ("random bytes", "a.txt", lambda: NOISE,
     DocumentFault.ENCODING),
    ("a letter", "a.txt", "各位领导：\n你好，附件请查收。\n".encode, DocumentFault.NOT_A_PLAN),
    ("a price list", "a.csv", "品名,单价,数量\n苹果,3,4\n".encode, DocumentFault.NOT_A_PLAN),
    ("a web page", "a.html", lambda: b"<html><body><p>hello</p></body></html>",
     DocumentFault.NOT_A_PLAN),
    ("tables in tables in tables", "a.html", lambda: b"<table><tr><td>" * 5000,
     DocumentFault.NOT_A_PLAN),
    ("a header without rows", "a.csv", HEADER.encode, DocumentFault.NOT_A_PLAN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "make", "fault"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_it_is_refused_with_its_code(
    name: str, make: Callable[[], bytes], fault: DocumentFault
) -> None:
    data = make()
    started = time.process_time()
    with pytest.raises(DocumentError) as caught:
        read_plan(name, data)
    assert caught.value.code is fault
    assert caught.value.message.startswith(ADVICE[fault])
    assert time.process_time() - started < 60  # CPU seconds: it does not hang


def test_every_code_has_advice_in_both_languages() -> None:
    assert set(ADVICE) == set(DocumentFault)
    assert all("\u4e00" <= text[0] <= "\u9fff" for text in ADVICE.values())
    assert all(re.search(r"。[A-Z][a-z ]+", text) for text in ADVICE.values())


def test_a_long_document_that_is_accepted_stays_within_memory() -> None:
    document = docx.Document()
    table = document.add_table(2, 5)
    for cell, text in zip(table.rows[0].cells, HEADER.strip().split(","), strict=True):
        cell.text = text
    for cell, text in zip(
        table.rows[1].cells, ["1", "名称", "做好公开。", "县财政局", "年底前"], strict=True
    ):
        cell.text = text
    out = io.BytesIO()
    document.save(out)
    with zipfile.ZipFile(out) as archive:
        xml = archive.read("word/document.xml").decode()
    start = xml.rindex("<w:tr>")
    end = xml.rindex("</w:tr>") + len("</w:tr>")
    longer = xml[:start] + xml[start:end] * 8000 + xml[end:]
    tracemalloc.start()
    read = read_document("long.docx", packed("word/document.xml", longer.encode()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(read.blocks[0].rows) == 8001
    assert peak < 200_000_000
