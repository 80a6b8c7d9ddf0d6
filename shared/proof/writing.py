"""Writes a proof of notice into a file, entry by entry."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.hashes import Hash

from shared.proof.container import (
    LARGEST,
    ArchiveMember,
    make_directory,
    make_header,
    measure_header,
)
from shared.proof.entries import Chain, EntryKind
from shared.proof.hashing import compute_hash, open_hash
from shared.proof.manifest import (
    COVER,
    ENTRIES,
    MANIFEST,
    FileDigest,
    Manifest,
    ProofRequest,
    seal_manifest,
    write_manifest,
)

_REST = 64_000_000
"""Bytes that are kept for cover, manifest and directory."""


class ArchiveFullError(Exception):
    """The entries do not fit into an archive."""


@dataclass(slots=True)
class ProofWriter:
    """An archive that is being written. `file` can be sought in, and is empty.

    The same request, entries and cover give the same bytes.
    """

    file: BinaryIO
    request: ProofRequest
    most: int = LARGEST - _REST
    chain: Chain = field(init=False)
    _hash: Hash = field(init=False)
    _crc: int = 0
    _size: int = 0

    def __post_init__(self) -> None:
        """Leave room for the header of the entries, and write the first one."""
        self.chain = Chain(self.request.algorithm)
        self._hash = open_hash(self.request.algorithm)
        self.file.write(bytes(measure_header(ENTRIES)))
        self.add(EntryKind.EXPORT, self.request.model_dump(mode="json"))

    def add(self, kind: EntryKind, facts: Mapping[str, Any]) -> None:
        """Write the next entry.

        Raises:
            ArchiveFullError: the archive would be too large.
        """
        line = self.chain.add(kind, facts)
        self._size += len(line)
        if self._size > self.most:
            raise ArchiveFullError
        self._crc = zlib.crc32(line, self._crc)
        self._hash.update(line)
        self.file.write(line)

    def finish(self, cover: bytes) -> Manifest:
        """Write the cover, the manifest and the end of the archive."""
        entries = ArchiveMember(ENTRIES, self._crc, self._size, 0)
        self.file.seek(0)
        self.file.write(make_header(entries))
        self.file.seek(0, 2)
        algorithm = self.request.algorithm
        manifest = seal_manifest(
            Manifest(
                request=self.request,
                entries=self.chain.count,
                head=self.chain.head.hex(),
                files={
                    ENTRIES: FileDigest(size=self._size, hash=self._hash.finalize().hex()),
                    COVER: FileDigest(size=len(cover), hash=compute_hash(algorithm, cover).hex()),
                },
            )
        )
        members = [entries, self._append(COVER, cover)]
        members.append(self._append(MANIFEST, write_manifest(manifest)))
        self.file.write(make_directory(members))
        return manifest

    def _append(self, name: str, content: bytes) -> ArchiveMember:
        member = ArchiveMember(name, zlib.crc32(content), len(content), self.file.tell())
        self.file.write(make_header(member))
        self.file.write(content)
        return member
