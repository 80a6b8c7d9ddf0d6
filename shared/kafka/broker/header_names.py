"""Reads header names that are not UTF-8, with their bytes escaped.

aiokafka 0.14 decodes names strictly while it reads a batch. A name in GBK, which C and Go clients
can write, would make every consumer of the partition fail, again after each restart.
"""

import struct
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from typing_extensions import override

from shared.kafka.broker.library_internals import Internal, require_internals

AIOKAFKA = "0.14.0"
"""The release whose internals this module replaces."""
_LENGTH = struct.Struct(">i")
_LENGTH_AT, _MAGIC_AT, _HEAD = 8, 16, 12  # record batch format, Kafka protocol


class _Bytes(bytearray):
    """A buffer whose slices decode to text, whatever bytes they hold."""

    @override
    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        return _Bytes(part) if isinstance(place, slice) else part

    @override
    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


class _Lenient(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka ships no types
    _buffer: bytearray

    @override
    @override
    @override
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)


class _Batch:
    """A batch that aiokafka reads in C, or in Python when the C code can't decode it."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._batch = raw, DefaultRecordBatch(raw)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever aiokafka asks a batch for
        return getattr(self._batch, name)

    def __next__(self) -> Any:  # noqa: ANN401 - aiokafka reads a control batch so
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except UnicodeDecodeError:
            return iter(list(_Lenient(self._raw)))


class _Batches:
    """The batches of a fetch; replaces aiokafka's `MemoryRecords`."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def size_in_bytes(self) -> int:
        return len(self._raw)

    def has_next(self) -> bool:
        """Whether a complete batch follows; a fetch may end within a batch."""
        return self._end() is not None

    def next_batch(self) -> _Batch | None:
        end = self._end()
        if end is None:
            return None
        start, self._at = self._at, end
        return _Batch(self._raw[start:end])

    def _end(self) -> int | None:
        if len(self._raw) - self._at <= _MAGIC_AT:
            return None
        end = self._at + _HEAD + int(_LENGTH.unpack_from(self._raw, self._at + _LENGTH_AT)[0])
        return end if end <= len(self._raw) else None


def accept_any_bytes() -> None:
    """Let every consumer of this process read header names of any bytes."""
    fetcher.MemoryRecords = _Batches


def check_aiokafka() -> None:
    """Make sure that the installed aiokafka has the internals that `accept_any_bytes` replaces.

    Raises:
        CuibanError: it is another release.
    """
    parts = [
        Internal(fetcher, "MemoryRecords"),
        Internal(_DefaultRecordBatchPy, "__init__", ("self", "buffer")),
        Internal(_DefaultRecordBatchPy, "_maybe_uncompress", ("self",)),
    ]
    require_internals("aiokafka", AIOKAFKA, parts)
