"""Files of the API, passed on as they arrive: exports and evidence."""

from collections.abc import AsyncIterator

import httpx
from fastapi.responses import StreamingResponse

from services.console.shell.visits import Visit

_KEPT = ("content-type", "content-disposition", "content-length")


async def answer_file(visit: Visit, path: str, **query: object) -> StreamingResponse:
    """A file that the API answers with, as a download.

    Raises:
        ApiError: the API refused, or does not answer.
    """
    opened = visit.api.open_file(path, **query)
    answer = await opened.__aenter__()

    async def pass_on(answer: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for part in answer.aiter_bytes():
                yield part
        finally:
            await opened.__aexit__(None, None, None)

    headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    return StreamingResponse(pass_on(answer), headers=headers)
