"""Reads a file in a process of its own, with limits of time and memory.

A file may be hostile or broken. A loop or a crash in a reader, or in the C libraries under it, ends
that process and not the service. The process gets neither the service's environment, which contains
passwords, nor its connections.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from tempfile import TemporaryFile
from typing import Any, BinaryIO, TypeVar, get_type_hints

from pydantic import TypeAdapter

from services.ingest.api.context import ApiContext
from services.ingest.api.problems import ProblemError
from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.domain.refusals import Fault, RefusedError
from shared.logging import log

_READER = "services.ingest.api.reader"
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TZ")
_SECOND = timedelta(seconds=1)
_LONGEST_OUTPUT = 4000
T = TypeVar("T")


async def read_file(
    context: ApiContext, read: Callable[[str, bytes], T], name: str, file: BinaryIO
) -> T:
    """What `read`, a function of a module, returns for a file; it runs in a process of its own.

    The caller holds `context.reading`, so one such process runs at a time.

    Raises:
        DocumentError, RefusedError: as `read` raises them.
        ProblemError: 422 when it took too long or too much memory, or failed.
    """
    seconds = round(context.settings.reading_time / _SECOND)
    arguments = (f"{read.__module__}:{read.__qualname__}", str(seconds))
    limits = str(context.settings.reading_memory)
    finished = await run_reader((*arguments, limits, name), file, seconds)
    return await asyncio.to_thread(_parse_answer, read, finished)


@dataclass(frozen=True, slots=True)
class FinishedReader:
    """What a reader's process left: its exit status, standard output and standard error."""

    status: int
    output: bytes
    errors: bytes


async def run_reader(arguments: tuple[str, ...], file: BinaryIO, seconds: int) -> FinishedReader:
    """Run `services.ingest.api.reader` with its arguments and a file as standard input.

    Raises:
        ProblemError: 422 when it took longer than `seconds`.
    """
    with TemporaryFile() as output, TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", _READER, *arguments),
            stdin=file.fileno(),
            stdout=output,
            stderr=errors,
            env=_make_environment(),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(seconds):
                status = await process.wait()
        except TimeoutError as error:
            log(__name__).warning("document.slow", seconds=seconds)
            raise _make_too_slow(seconds) from error
        finally:
            await _end(process)
        return await asyncio.to_thread(_collect, status, output, errors)


def _collect(status: int, output: BinaryIO, errors: BinaryIO) -> FinishedReader:
    output.seek(0)
    errors.seek(0)
    return FinishedReader(status, output.read(), errors.read())


def _make_environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _parse_answer(read: Callable[[str, bytes], T], finished: FinishedReader) -> T:
    kind, _, content = finished.output.partition(b"\n")
    status = finished.status
    if status == 0 and kind == b"read":
        adapter: TypeAdapter[T] = TypeAdapter(get_type_hints(read)["return"])
        return adapter.validate_json(content)
    if status == 0 and kind == b"document":
        code, detail = _JSON.validate_json(content)
        raise DocumentError(DocumentFault(code), detail)
    if status == 0 and kind == b"refused":
        fault, message, hint, details = _JSON.validate_json(content)
        raise RefusedError(Fault(fault), message, hint, details)
    output = (content or finished.errors)[-_LONGEST_OUTPUT:].decode("utf-8", "replace")
    log(__name__).error("document.unreadable", status=status, kind=kind[:20].decode(), said=output)
    raise _make_too_demanding() if kind == b"memory" else _make_unreadable()


_JSON: TypeAdapter[list[Any]] = TypeAdapter(list[Any])
_SMALLER = (
    "请只保留任务表，或拆分文件后重新导入。"
    "Keep the table alone, delete pictures and empty formatted rows, or divide the file, and "
    "send it again."
)


def _make_too_slow(seconds: int) -> ProblemError:
    return ProblemError(
        422,
        "document-too-slow",
        f"读取文件超过 {seconds} 秒。Reading the file takes longer than {seconds} s.",
        f"{_SMALLER} (CUIBAN_READING_TIME)",
    )


def _make_too_demanding() -> ProblemError:
    return ProblemError(
        422,
        "document-too-demanding",
        "读取文件需要的内存过多。Reading the file takes more memory than it may.",
        f"{_SMALLER} (CUIBAN_READING_MEMORY)",
    )


def _make_unreadable() -> ProblemError:
    return ProblemError(
        422,
        "document-unreadable",
        "文件无法读取。The document can't be read.",
        "请另存为 .docx、.xlsx 或文本后重新导入。"
        "Save it anew as .docx, .xlsx or text, and import that.",
    )
