"""Small archives, and archives that somebody put together from the parts of others."""

import io
import zlib
from dataclasses import dataclass

from shared.proof.container import ArchiveMember, make_directory, make_header, measure_header
from shared.proof.entries import EntryKind
from shared.proof.hashing import Algorithm
from shared.proof.manifest import COVER, ENTRIES, MANIFEST, ProofRequest
from shared.proof.verifying import Verification, verify_proof
from shared.proof.writing import ProofWriter

COVER_BYTES = b"%PDF-1.4\nnot a real one\n"


def make_request(algorithm: Algorithm = Algorithm.SHA256) -> ProofRequest:
    return ProofRequest(
        algorithm=algorithm,
        proof_id="00000000-0000-0000-0000-000000000009",
        office_id="00000000-0000-0000-0000-000000000001",
        office="盐亭县政务公开办",
        timezone="Asia/Shanghai",
        first="2023-06-01",
        last="2023-06-30",
        made_at="2023-07-01T01:00:00.000000+00:00",
        made_by="王五",
    )


def make_archive(
    algorithm: Algorithm = Algorithm.SHA256, texts: tuple[str, ...] = ("甲", "乙", "丙")
) -> bytes:
    """An archive of an export and one message for each text."""
    file = io.BytesIO()
    writer = ProofWriter(file, make_request(algorithm))
    for text in texts:
        writer.add(EntryKind.MESSAGE, {"body": text, "attempts": 1})
    writer.finish(COVER_BYTES)
    return file.getvalue()


def verify(archive: bytes) -> Verification:
    return verify_proof(io.BytesIO(archive))


@dataclass(frozen=True)
class Parts:
    """The members of an archive, to be altered and put together again."""

    lines: tuple[bytes, ...]
    cover: bytes
    manifest: bytes


def take_apart(archive: bytes) -> Parts:
    contents, place = [], 0
    for name in (ENTRIES, COVER, MANIFEST):
        size = int.from_bytes(archive[place + 18 : place + 22], "little")
        place += measure_header(name)
        contents.append(archive[place : place + size])
        place += size
    lines, cover, manifest = contents
    return Parts(tuple(lines.splitlines(keepends=True)), cover, manifest)


def put_together(parts: Parts, names: tuple[str, ...] = (ENTRIES, COVER, MANIFEST)) -> bytes:
    """A sound zip file of these parts, whatever they hold."""
    written, members = b"", []
    for name, content in zip(
        names, (b"".join(parts.lines), parts.cover, parts.manifest), strict=True
    ):
        member = ArchiveMember(name, zlib.crc32(content), len(content), len(written))
        members.append(member)
        written += make_header(member) + content
    return written + make_directory(members)
