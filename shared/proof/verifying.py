"""Verifies a proof of notice with nothing but its file: names the first thing that is wrong.

It proves that the archive is as it was written. It cannot know whether somebody wrote a whole
other archive: only a copy of the seal, such as the one in the office's journal, shows that.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from shared.proof.container import (
    ArchiveMember,
    make_directory,
    make_header,
    measure_header,
    read_size,
)
from shared.proof.entries import LONGEST_LINE, Chain, Entry, EntryError, EntryFlaw, read_entry
from shared.proof.hashing import Algorithm, compute_hash, open_hash
from shared.proof.manifest import (
    COVER,
    ENTRIES,
    MANIFEST,
    FileDigest,
    Manifest,
    ManifestError,
    NewerFormatError,
    ProofRequest,
    read_manifest,
    read_request,
)

_SMALL = 64_000_000
"""Bytes of a cover or manifest at most; longer ones are not read."""


class ArchiveFlaw(StrEnum):
    """What is wrong beside the entries."""

    NEWER = "newer"
    """The archive is of a version that this release does not know."""
    HEADER = "header"
    """The zip's header before a member is not the one that belongs to it."""
    COVER = "cover"
    """The cover is another one than the manifest names."""
    MANIFEST = "manifest"
    """The manifest was altered, or belongs to other entries."""
    FEWER = "fewer"
    """Entries are missing at the end: the manifest counts more."""
    END = "end"
    """The zip's directory, or what follows it, is not the one of these members."""


@dataclass(frozen=True, slots=True)
class FirstFlaw:
    """The first thing that is wrong.

    Attributes:
        entry: the number of the first wrong entry; None when entries are in order.
        member: in which file of the archive it is; empty for the end of the zip file.
        byte: where in the archive that entry, header, file or end begins, from 0.
    """

    kind: EntryFlaw | ArchiveFlaw
    entry: int | None
    member: str
    byte: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found: `entries` are in order up to `head`; `manifest` is None if not reached."""

    entries: int
    head: bytes
    request: ProofRequest | None
    manifest: Manifest | None
    flaw: FirstFlaw | None


class _FoundError(Exception):
    def __init__(self, kind: EntryFlaw | ArchiveFlaw, member: str, byte: int) -> None:
        super().__init__(kind.value)
        self.kind, self.member, self.byte = kind, member, byte


@dataclass(slots=True)
class _Reading:
    file: BinaryIO
    seen: Callable[[Entry], None]
    chain: Chain = field(default_factory=lambda: Chain(Algorithm.SHA256))
    request: ProofRequest | None = None
    manifest: Manifest | None = None
    members: list[ArchiveMember] = field(default_factory=list)
    place: int = 0

    def read(self, length: int) -> bytes:
        content = self.file.read(length)
        self.place += len(content)
        return content


def verify_proof(file: BinaryIO, seen: Callable[[Entry], None] = lambda _: None) -> Verification:
    """Verify an archive from its first byte to its last, in bounded memory.

    Args:
        file: the archive, at its beginning.
        seen: called with each entry that is in order.
    """
    reading = _Reading(file, seen)
    flaw: FirstFlaw | None = None
    try:
        entries = _read_entries(reading)
        cover = _read_small(reading, COVER)
        _read_manifest(reading, entries, cover)
        _read_end(reading)
    except _FoundError as found:
        is_entry = isinstance(found.kind, EntryFlaw) or found.kind is ArchiveFlaw.FEWER
        number = reading.chain.count + 1 if is_entry else None
        flaw = FirstFlaw(found.kind, number, found.member, found.byte)
    chain = reading.chain
    return Verification(chain.count, chain.head, reading.request, reading.manifest, flaw)


def _read_entries(reading: _Reading) -> FileDigest:
    """The entries; the header before them is compared when they are known to be in order."""
    header = reading.read(measure_header(ENTRIES))
    if not header.startswith(b"PK\3\4"):
        raise _FoundError(ArchiveFlaw.HEADER, ENTRIES, 0)
    size, crc, hashed = read_size(header), 0, None
    for place, line in _read_lines(reading, size):
        entry = _check_entry(reading, line, place)
        hashed = hashed or open_hash(reading.chain.algorithm)
        hashed.update(line)
        crc = zlib.crc32(line, crc)
        reading.seen(entry)
    if hashed is None:
        raise _FoundError(EntryFlaw.CUT_OFF, ENTRIES, reading.place)
    member = ArchiveMember(ENTRIES, crc, size, 0)
    if header != make_header(member):
        raise _FoundError(ArchiveFlaw.HEADER, ENTRIES, 0)
    reading.members.append(member)
    return FileDigest(size=size, hash=hashed.finalize().hex())


def _read_lines(reading: _Reading, size: int) -> Iterator[tuple[int, bytes]]:
    """The lines of so many bytes, each with its place; the last may be cut off."""
    end = reading.place + size
    while reading.place < end:
        place = reading.place
        line = reading.file.readline(min(LONGEST_LINE, end - place))
        reading.place += len(line)
        yield place, line
        if not line:
            return


def _check_entry(reading: _Reading, line: bytes, place: int) -> Entry:
    """The next entry. The first one says which hash the chain is made with."""
    try:
        entry = read_entry(line)
        request = reading.request
        if request is None and entry.number == 1:
            request = read_request(entry.facts)
            reading.chain.algorithm = request.algorithm
        reading.chain.check(entry)
        reading.request = request
    except EntryError as error:
        raise _FoundError(error.flaw, ENTRIES, place) from error
    except ManifestError as error:
        raise _FoundError(EntryFlaw.UNREADABLE, ENTRIES, place) from error
    except NewerFormatError as error:
        raise _FoundError(ArchiveFlaw.NEWER, ENTRIES, place) from error
    return entry


def _read_small(reading: _Reading, name: str) -> bytes:
    """A member behind the entries, with a header that belongs to it."""
    place = reading.place
    header = reading.read(measure_header(name))
    content = reading.read(min(read_size(header), _SMALL))
    member = ArchiveMember(name, zlib.crc32(content), len(content), place)
    if header != make_header(member):
        raise _FoundError(ArchiveFlaw.HEADER, name, place)
    reading.members.append(member)
    return content


def _read_manifest(reading: _Reading, entries: FileDigest, cover: bytes) -> None:
    """The manifest, which must be that of these entries and this cover."""
    place = reading.place
    try:
        manifest = read_manifest(_read_small(reading, MANIFEST))
    except ManifestError as error:
        raise _FoundError(ArchiveFlaw.MANIFEST, MANIFEST, place) from error
    chain = reading.chain
    if manifest.entries > chain.count:
        raise _FoundError(ArchiveFlaw.FEWER, ENTRIES, place)
    stated = (manifest.request, manifest.entries, manifest.head, manifest.files[ENTRIES])
    if stated != (reading.request, chain.count, chain.head.hex(), entries):
        raise _FoundError(ArchiveFlaw.MANIFEST, MANIFEST, place)
    digest = compute_hash(chain.algorithm, cover).hex()
    if manifest.files[COVER] != FileDigest(size=len(cover), hash=digest):
        raise _FoundError(ArchiveFlaw.COVER, COVER, reading.members[-2].offset)
    reading.manifest = manifest


def _read_end(reading: _Reading) -> None:
    """The zip's directory, and nothing behind it."""
    place, expected = reading.place, make_directory(reading.members)
    if reading.read(len(expected) + 1) != expected:
        raise _FoundError(ArchiveFlaw.END, "", place)
