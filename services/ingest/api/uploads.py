"""Files that people send: the one part `file` of a multipart form."""

import re
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from services.ingest.api.problems import ProblemError

_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
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
"""What OpenAPI says of such a request. It is read by hand, after the token was checked."""


async def uploaded(request: Request, limit: int) -> tuple[str, bytes]:
    """The file's own name, without folders and control characters, and its bytes.

    Raises:
        ProblemError: 400 for a broken form, 413 for a file over `limit`, 422 without a file.
    """
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            part = form.get("file")
            if not isinstance(part, UploadFile):
                raise ProblemError(
                    422,
                    "no-file",
                    "The request holds no file.",
                    "Send multipart/form-data with one part named `file`.",
                )
            data = await part.read()
            name = _FOLDERS.sub("", part.filename or "")
    except (MultiPartException, KeyError, ValueError, AttributeError) as error:
        raise ProblemError(
            400, "bad-form", "The request is no well-formed multipart/form-data."
        ) from error
    if len(data) > limit:
        raise ProblemError(413, "request-too-large", f"The file is larger than {limit} bytes.")
    return _UNWANTED.sub("", name)[-200:] or "document", data
