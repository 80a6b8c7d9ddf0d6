"""Footnotes, endnotes and comments of a Word document: no part of its tables, so they are told."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.ingest.documents.archives import Archive, xml
from services.ingest.documents.grid import Paragraph
from services.ingest.documents.word.numbering import W

_KINDS: Final = {
    "footnotes": ("footnote", "脚注"),
    "endnotes": ("endnote", "尾注"),
    "comments": ("comment", "批注"),
}
_LONGEST: Final = 300


def notes_of(archive: Archive, parts: Mapping[str, str]) -> Iterator[Paragraph]:
    """Each note with its words; `parts` are the document's related parts by kind.

    A note may hold a rule for every task (未注明时限的，均于11月底前完成), which no row carries.
    """
    for kind, (tag, label) in _KINDS.items():
        data = archive.part(parts.get(kind, ""))
        if data is None:
            continue
        for note in xml(data).iterfind(f"{W}{tag}"):
            if note.get(f"{W}type") not in (None, "normal"):
                continue  # the line that parts notes from text
            words = "".join(each.text or "" for each in note.iter(f"{W}t")).strip()
            if words:
                yield Paragraph(f"{label}：{words[:_LONGEST]}", f"{tag} {note.get(f'{W}id')}")
