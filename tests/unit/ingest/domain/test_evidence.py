"""The content of a file decides its type, and its name must agree."""

import pytest

from services.ingest.domain.evidence import find_file_type
from services.ingest.domain.refusals import RefusedError

NONE: frozenset[str] = frozenset()
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 20
ZIP = b"PK\x03\x04" + b"\0" * 20


@pytest.mark.parametrize(
    ("name", "content", "parts", "media_type"),
    [
        ("回执.PDF", b"%PDF-1.7\n", NONE, "application/pdf"),
        ("截图.png", b"\x89PNG\r\n\x1a\n", NONE, "image/png"),
        ("照片.jpeg", b"\xff\xd8\xff\xe0", NONE, "image/jpeg"),
        ("旧文.doc", OLE, NONE, "application/msword"),
        ("公文.ofd", ZIP, frozenset({"OFD.xml"}), "application/ofd"),
    ],
)
def test_files_that_offices_use_are_taken(name, content, parts, media_type):
    assert find_file_type(name, content, parts).media_type == media_type


@pytest.mark.parametrize(
    ("name", "content", "parts", "part"),
    [
        ("空.pdf", b"", NONE, "空的"),
        ("程序.pdf", b"MZ\x90\0", NONE, "不收这种文件"),
        ("网页.html", b"<html><script>alert(1)</script>", NONE, "不收这种文件"),
        ("图.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", NONE, "不收这种文件"),
        ("打包.zip", ZIP, frozenset({"a.exe"}), "不收这种文件"),
        ("打包.docx", ZIP, frozenset({"a.exe"}), "不收这种文件"),
        ("照片.pdf", b"\xff\xd8\xff\xe0", NONE, "内容却是 JPEG"),
        ("表.xlsx", ZIP, frozenset({"word/document.xml"}), "内容却是 Word"),
        ("没有扩展名", b"%PDF-1.7", NONE, "内容却是 PDF"),
    ],
)
def test_what_is_refused_says_why_and_what_to_send(name, content, parts, part):
    with pytest.raises(RefusedError) as refused:
        find_file_type(name, content, parts)
    assert part in refused.value.message
    assert refused.value.hint
