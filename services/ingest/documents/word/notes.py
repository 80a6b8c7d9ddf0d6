"""Footnotes, endnotes and comments of a Word document: outside its tables, so reported."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ingest.documents.archives import Archive, parse_xml
from services.ingest.documents.grid import Paragraph
from services.ingest.documents.word.numbering import W

_KINDS: Final = {
    "footnotes": ("footnote", "脚注"),
    "endnotes": ("endnote", "尾注"),
    "comments": ("comment", "批注"),
}
_LONGEST: Final = 300


def list_notes(archive: Archive, parts: Mapping[str, str]) -> Iterator[Paragraph]:
    """The text of each note; `parts` are the document's related parts by kind.

    A note may hold a rule for every task (未注明时限的，均于11月底前完成) that is in no row.
    """
    for kind, (tag, label) in _KINDS.items():
        content = archive.read_part(parts.get(kind, ""))
        if content is None:
            continue
        for note in parse_xml(content).iterfind(f"{W}{tag}"):
            if note.get(f"{W}type") not in (None, "normal"):
                continue  # the line that separates notes from text
            words = "".join(each.text or "" for each in note.iter(f"{W}t")).strip()
            if words:
                yield Paragraph(f"{label}：{words[:_LONGEST]}", f"{tag} {note.get(f'{W}id')}")
