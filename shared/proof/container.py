"""The zip file of a proof of notice: every byte of it follows from its members. Pure.

Each member is stored as it is. Its time is the first that zip can state, flags, comments and
further fields are empty. So an archive has one form, and any other byte in it is refused. It has
less than 4 GiB: a longer one would need other fields. The form is that of PKWARE's APPNOTE 6.3.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

_VERSION, _FLAGS, _STORED = 20, 0, 0
_TIME, _DATE = 0, 1 << 5 | 1
"""1980-01-01 00:00, as MS-DOS writes it."""
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _END_SIGNATURE = b"PK\3\4", b"PK\1\2", b"PK\5\6"
LARGEST = 2**32 - 1
"""Bytes of an archive at most."""


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file in the archive: its name in ASCII, CRC-32, size in bytes, and where its header is."""

    name: str
    crc: int
    size: int
    offset: int


def measure_header(name: str) -> int:
    """Bytes of the header before a member."""
    return _LOCAL.size + len(name)


def make_header(member: ArchiveMember) -> bytes:
    """The header before a member."""
    name = member.name.encode("ascii")
    fixed = (_LOCAL_SIGNATURE, _VERSION, _FLAGS, _STORED, _TIME, _DATE)
    lengths = (member.crc, member.size, member.size, len(name), 0)
    return _LOCAL.pack(*fixed, *lengths) + name


def read_size(header: bytes) -> int:
    """The size that a member's header states; the header may be wrong."""
    return int.from_bytes(header[18:22], "little")


def make_directory(members: Iterable[ArchiveMember]) -> bytes:
    """The end of the archive, behind its members: the central directory and its end record."""
    members = list(members)
    directory = b"".join(_make_central(member) for member in members)
    start = sum(measure_header(member.name) + member.size for member in members)
    count = len(members)
    end = _END.pack(_END_SIGNATURE, 0, 0, count, count, len(directory), start, 0)
    return directory + end


def _make_central(member: ArchiveMember) -> bytes:
    name = member.name.encode("ascii")
    fixed = (_CENTRAL_SIGNATURE, _VERSION, _VERSION, _FLAGS, _STORED, _TIME, _DATE)
    lengths = (member.crc, member.size, member.size, len(name), 0, 0)
    return _CENTRAL.pack(*fixed, *lengths, 0, 0, 0, member.offset) + name
