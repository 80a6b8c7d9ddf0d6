"""Uploaded files: the part `file` of a multipart form."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from services.ingest.api.callers import Call
from services.ingest.api.problems import ProblemError
from services.ingest.domain.expansion import INVISIBLE

_UNWANTED = re.compile(
    rf"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\U000e0000-\U000e007f{INVISIBLE}]"
)
_FOLDERS = re.compile(r"^.*[\\/]", re.DOTALL)

FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
"""The OpenAPI description of such a request, whose body is read after the token was checked."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file: its name, and its content in a temporary file."""

    name: str
    file: BinaryIO

    async def read(self) -> bytes:
        """The whole content. Only one request at a time may hold it: see `ApiContext.reading`."""

        def read_all() -> bytes:
            self.file.seek(0)
            return self.file.read()

        return await asyncio.to_thread(read_all)


@asynccontextmanager
async def open_upload(call: Call, limit: int | None = None) -> AsyncIterator[Upload]:
    """The file of a form, up to `limit` bytes or that of documents.

    Folders, control characters and invisible ones are removed from its name.

    It is written to the temporary folder as it arrives; the boundary refuses a body over the limit.

    Raises:
        ProblemError: 400 for a broken form, 413 for a file over the limit, 422 without a file,
            503 when too many uploads run.
    """
    async with _wait_for_turn(call):
        form = await _parse_form(call.request)
        try:
            yield _find_file(form, limit or call.context.settings.document_limit)
        finally:
            await form.close()


@asynccontextmanager
async def _wait_for_turn(call: Call) -> AsyncIterator[None]:
    """Hold one of the places for uploads. The body of a request that waits is not received yet."""
    try:
        async with asyncio.timeout(call.context.settings.uploads_wait.total_seconds()):
            await call.context.uploads.acquire()
    except TimeoutError as error:
        raise ProblemError(
            503,
            "uploads-busy",
            "其他文件正在导入。Other files are being imported.",
            "请稍后重试。Try again in a moment (with the same `Idempotency-Key`).",
            {"Retry-After": "10"},
        ) from error
    try:
        yield
    finally:
        call.context.uploads.release()


async def _parse_form(request: Request) -> FormData:
    try:
        return await request.form(max_files=1, max_fields=10)
    except (MultiPartException, KeyError, ValueError, AttributeError) as error:
        raise ProblemError(
            400,
            "bad-form",
            "上传内容的格式不正确。The request is not well-formed multipart/form-data.",
        ) from error


def _find_file(form: FormData, limit: int) -> Upload:
    part = form.get("file")
    if not isinstance(part, UploadFile):
        raise ProblemError(
            422,
            "no-file",
            "没有收到文件。The request contains no file.",
            "请选择文件。Choose a file (multipart/form-data with one part named `file`).",
        )
    if (part.size or 0) > limit:
        raise ProblemError(
            413,
            "request-too-large",
            f"文件超过 {limit // 2**20} MB。The file is larger than {limit} bytes.",
            "请减小文件后重试：任务表只留表格，佐证材料压缩图片。"
            "Send a smaller file: the table alone, or smaller pictures.",
        )
    part.file.fileno()  # moves content that is still in memory into a file
    part.file.flush()
    return Upload(clean_name(part.filename or ""), part.file)


def clean_name(name: str) -> str:
    """A file's name without folders, and without characters that nobody sees.

    One of direction can make an .exe look like a .pdf.
    """
    return _UNWANTED.sub("", _FOLDERS.sub("", name)).strip()[-200:] or "document"
