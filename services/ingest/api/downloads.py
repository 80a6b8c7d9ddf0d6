"""Answers with a file that was written for the request, and is gone once it is sent."""

from collections.abc import Awaitable, Callable, Iterator
from tempfile import TemporaryFile
from typing import BinaryIO
from urllib.parse import quote

from fastapi.responses import StreamingResponse

from services.ingest.api.callers import Call

_CHUNK = 64 * 1024
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}


async def answer_file(
    call: Call, name: str, suffix: str, write: Callable[[BinaryIO], Awaitable[None]]
) -> StreamingResponse:
    """The file that `write` makes, as a download named `name` and `suffix`.

    It is written into a temporary file first: an error in the middle is an error of the request,
    and not a short file.
    """
    file = TemporaryFile()  # noqa: SIM115 - closed when it is sent
    try:
        async with call.context.exports:
            await write(file)
    except BaseException:
        file.close()
        raise
    length = file.seek(0, 2)
    file.seek(0)
    plain = name if name.isascii() else "cuiban"
    names = f"filename=\"{plain}.{suffix}\"; filename*=UTF-8''{quote(f'{name}.{suffix}')}"
    return StreamingResponse(
        _read(file),
        media_type=MEDIA_TYPES[suffix],
        headers={
            "Content-Disposition": f"attachment; {names}",
            "Content-Length": str(length),
            "Cache-Control": "no-store",
        },
    )


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk


def describe_file(suffix: str) -> dict[int | str, dict[str, object]]:
    """The `responses` of an endpoint that answers with a file."""
    media_type = MEDIA_TYPES[suffix].partition(";")[0]
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "The file.", "content": {media_type: {"schema": schema}}}}
