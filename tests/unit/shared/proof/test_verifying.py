"""An archive is accepted as it was written; whatever is altered in it is refused and named."""

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.proof.entries import EntryFlaw, EntryKind
from shared.proof.hashing import Algorithm, compute_hash
from shared.proof.manifest import COVER, ENTRIES, MANIFEST, read_manifest
from shared.proof.verifying import ArchiveFlaw
from shared.proof.writing import ArchiveFullError, ProofWriter
from tests.unit.shared.proof.archives import (
    COVER_BYTES,
    Parts,
    make_archive,
    make_request,
    put_together,
    take_apart,
    verify,
)

ARCHIVE = make_archive()
PARTS = take_apart(ARCHIVE)
LAST = len(PARTS.lines)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_was_written_is_verified(algorithm: Algorithm) -> None:
    result = verify(make_archive(algorithm))
    assert result.flaw is None
    assert result.manifest is not None
    assert (result.entries, result.head.hex()) == (4, result.manifest.head)
    assert result.request == make_request(algorithm)


def test_sm3_is_that_of_the_standard() -> None:
    """GB/T 32905-2016, example 1."""
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert compute_hash(Algorithm.SM3, b"abc").hex() == expected


def test_ordinary_software_opens_it() -> None:
    with zipfile.ZipFile(io.BytesIO(ARCHIVE)) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [ENTRIES, COVER, MANIFEST]
        assert opened.read(COVER) == COVER_BYTES
        assert opened.read(ENTRIES).splitlines(keepends=True) == list(PARTS.lines)


def test_the_same_facts_make_the_same_file() -> None:
    assert make_archive() == ARCHIVE


def test_every_single_byte_counts() -> None:
    """Each byte of the file, with one bit of it turned over."""
    for place in range(len(ARCHIVE)):
        altered = bytearray(ARCHIVE)
        altered[place] ^= 1 << place % 8
        assert verify(bytes(altered)).flaw is not None, place


@given(st.data())
def test_nothing_can_be_changed_anywhere(data: st.DataObject) -> None:
    """A part of any length is replaced by other bytes: altered, removed, added, repeated."""
    start = data.draw(st.integers(0, len(ARCHIVE)))
    end = data.draw(st.integers(start, min(len(ARCHIVE), start + 80)))
    own = ARCHIVE[start:end]
    other = data.draw(st.binary(max_size=80) | st.just(own * 2) | st.just(own[::-1]))
    altered = ARCHIVE[:start] + other + ARCHIVE[end:]
    assert (verify(altered).flaw is None) == (altered == ARCHIVE)


@given(st.integers(0, len(ARCHIVE) - 1))
def test_a_shorter_file_is_refused(length: int) -> None:
    assert verify(ARCHIVE[:length]).flaw is not None


def _rewrite(parts: Parts, text: str) -> Parts:
    """The parts with one text altered, and a new chain for all of it."""
    texts = ("甲", text, "丙")
    return replace(parts, lines=take_apart(make_archive(texts=texts)).lines)


LINES = PARTS.lines
TAMPERED = {
    "a fact is altered": (
        replace(
            PARTS, lines=(*LINES[:2], LINES[2].replace("乙".encode(), "己".encode()), LINES[3])
        ),
        (EntryFlaw.ALTERED, 3, ENTRIES),
    ),
    "an entry is removed": (
        replace(PARTS, lines=(*LINES[:2], LINES[3])),
        (EntryFlaw.MISSING, 3, ENTRIES),
    ),
    "two entries are exchanged": (
        replace(PARTS, lines=(LINES[0], LINES[2], LINES[1], LINES[3])),
        (EntryFlaw.MISSING, 2, ENTRIES),
    ),
    "an entry is there twice": (
        replace(PARTS, lines=(*LINES[:3], LINES[2], LINES[3])),
        (EntryFlaw.REPEATED, 4, ENTRIES),
    ),
    "the last entry is removed": (
        replace(PARTS, lines=LINES[:-1]),
        (ArchiveFlaw.FEWER, LAST, ENTRIES),
    ),
    "an entry is added": (
        replace(PARTS, lines=(*LINES, LINES[0])),
        (EntryFlaw.REPEATED, LAST + 1, ENTRIES),
    ),
    "the last line is cut off": (
        replace(PARTS, lines=(*LINES[:-1], LINES[-1][:-1])),
        (EntryFlaw.CUT_OFF, LAST, ENTRIES),
    ),
    "there are spaces in an entry": (
        replace(PARTS, lines=(LINES[0], LINES[1].replace(b":", b": "), *LINES[2:])),
        (EntryFlaw.UNREADABLE, 2, ENTRIES),
    ),
    "there is no entry": (replace(PARTS, lines=()), (EntryFlaw.CUT_OFF, 1, ENTRIES)),
    "the whole chain is new": (_rewrite(PARTS, "己"), (ArchiveFlaw.MANIFEST, None, MANIFEST)),
    "the cover is another": (
        replace(PARTS, cover=COVER_BYTES + b"\n"),
        (ArchiveFlaw.COVER, None, COVER),
    ),
    "the manifest is altered": (
        replace(PARTS, manifest=PARTS.manifest.replace(b"2023-06-30", b"2023-06-29")),
        (ArchiveFlaw.MANIFEST, None, MANIFEST),
    ),
    "the archive is of a later version": (
        replace(PARTS, lines=(LINES[0].replace(b'"version":1', b'"version":2'), *LINES[1:])),
        (ArchiveFlaw.NEWER, None, ENTRIES),
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_the_first_wrong_thing_is_named(case: str) -> None:
    """The zip file around the altered part is sound: checksums and sizes were mended."""
    parts, expected = TAMPERED[case]
    flaw = verify(put_together(parts)).flaw
    assert flaw is not None
    assert (flaw.kind, flaw.entry, flaw.member) == expected


@pytest.mark.parametrize(
    ("altered", "member"),
    [
        (ARCHIVE + b"\n", ""),
        (ARCHIVE[:-2] + b"\2\0hi", ""),
        (put_together(PARTS, (ENTRIES, "cover.pdg", MANIFEST)), COVER),
        (ARCHIVE.replace(b"PDF-1.4", b"PDF-1.5"), COVER),
        (ARCHIVE[:10] + b"\1" + ARCHIVE[11:], ENTRIES),
        (b"not a zip file", ENTRIES),
    ],
    ids=["a byte behind it", "a comment", "a name", "the cover alone", "a time", "no archive"],
)
def test_what_is_wrong_with_the_zip_file_is_named(altered: bytes, member: str) -> None:
    flaw = verify(altered).flaw
    assert flaw is not None
    assert flaw.kind is (ArchiveFlaw.HEADER if member else ArchiveFlaw.END)
    assert (flaw.entry, flaw.member) == (None, member)


def test_a_first_entry_that_is_altered_is_not_believed() -> None:
    result = verify(ARCHIVE.replace("盐亭县".encode(), "盐亭乡".encode(), 1))
    assert result.request is None
    assert result.flaw is not None
    assert (result.flaw.kind, result.flaw.entry) == (EntryFlaw.ALTERED, 1)


def test_a_wholly_new_archive_has_another_seal() -> None:
    """The file alone does not tell; the seal that the journal has does."""
    other = make_archive(texts=("甲", "己", "丙"))
    assert verify(other).flaw is None
    seals = {read_manifest(take_apart(each).manifest).seal for each in (ARCHIVE, other)}
    assert len(seals) == 2


def test_entries_that_do_not_fit_are_refused() -> None:
    writer = ProofWriter(io.BytesIO(), make_request(), most=2000)
    with pytest.raises(ArchiveFullError):
        writer.add(EntryKind.MESSAGE, {"body": "长" * 1000})
