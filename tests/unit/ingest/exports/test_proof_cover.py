"""The cover of a proof of notice: people read it, and the same facts make the same file."""

import io

import pypdfium2

from services.ingest.exports.cover import CoverTable, ProofCover
from services.ingest.exports.proof_cover import write_cover

COVER = ProofCover(
    title="送达证明",
    facts=(("出具机关", "盐亭县<政务>公开办"), ("末项哈希", "ab" * 32)),
    tables=(
        CoverTable(
            "各单位情况",
            (("单位", 10), ("消息", 3)),
            [("县发改局", "12"), ("𠮷祥镇\0", "3")],
        ),
    ),
    notes=("逐条相扣 & 可校验。",),
)


def read_text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return "".join(page.get_textpage().get_text_range() for page in document)


def test_every_word_can_be_read_out_of_it() -> None:
    text = read_text(write_cover(COVER)).replace("\r\n", "")
    for expected in ("送达证明", "盐亭县<政务>公开办", "ab" * 32, "县发改局", "12", "& 可校验"):
        assert expected in text
    assert "〓祥镇" in text  # a character that the font's map does not have


def test_the_same_cover_makes_the_same_file() -> None:
    assert write_cover(COVER) == write_cover(COVER)


def test_names_of_columns_stand_on_each_page() -> None:
    rows = [(f"单位{number}", str(number)) for number in range(100)]
    facts = (("出具机关", "县办"),)
    long = ProofCover(
        "送达证明", facts, (CoverTable("各单位", (("单位", 9), ("消息", 3)), rows),), ()
    )
    document = pypdfium2.PdfDocument(io.BytesIO(write_cover(long)))
    assert len(document) > 1
    assert all("消息" in page.get_textpage().get_text_range() for page in document)
