"""A POST as one transaction, answered once for each Idempotency-Key.

The answer is kept in the transaction of what it answers: either both exist or neither. Only
what succeeded is kept; a refusal changed nothing, so a repeat may try again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call
from services.ingest.api.problems import ProblemError
from services.ingest.store import idempotency

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
Work = Callable[[AsyncConnection], Awaitable[Any]]


async def answered(
    call: Call,
    work: Work,
    schema: type[BaseModel],
    *,
    status: int | Callable[[Any], int] = 200,
    content: bytes | None = None,
    secret: str | None = None,
) -> Response:
    """Do the work in one transaction and answer with `schema`, or give the earlier answer.

    Args:
        call: the request.
        work: changes what is to change, and gives what to answer.
        schema: how the answer looks.
        status: of the answer, or how to tell it.
        content: what makes the request the same one; by default its body, byte by byte.
        secret: a field that is told once and not kept.

    Raises:
        ProblemError: 400 for a malformed key, 409 while its first request runs, 422 when the
            key came with another request.
    """
    key = call.request.headers.get("idempotency-key")
    if key is None:
        async with call.parts.engine.begin() as db:
            done = await work(db)
        return _json(schema.model_validate(done).model_dump_json(), _status(status, done))
    if not _KEY.fullmatch(key):
        raise ProblemError(
            400, "bad-idempotency-key", "An Idempotency-Key is 1 to 255 visible ASCII characters."
        )
    fingerprint = await _fingerprint(call, content)
    async with call.parts.engine.begin() as db:
        if (earlier := await _earlier(call, db, key, fingerprint)) is not None:
            return earlier
        done = await work(db)
        answer, code = schema.model_validate(done), _status(status, done)
        kept = answer.model_copy(update={secret: ""}) if secret else answer
        await idempotency.keep(
            db,
            token_id=call.caller.token_id,
            key=key,
            fingerprint=fingerprint,
            status=code,
            body=kept.model_dump_json(),
            now=call.act.now,
        )
    return _json(answer.model_dump_json(), code)


async def _earlier(
    call: Call, db: AsyncConnection, key: str, fingerprint: bytes
) -> Response | None:
    token_id = call.caller.token_id
    if not await idempotency.claim(db, token_id, key):
        raise ProblemError(
            409,
            "request-in-progress",
            "The first request with this Idempotency-Key is still running.",
            "Ask again in a moment.",
            {"Retry-After": "1"},
        )
    row = await idempotency.answer(db, token_id, key)
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise ProblemError(
            422,
            "idempotency-key-reused",
            "This Idempotency-Key was used for another request.",
            "Use a new key for a new request.",
        )
    return _json(row.body, row.status, {"Idempotency-Replayed": "true"})


async def _fingerprint(call: Call, content: bytes | None) -> bytes:
    url = call.request.url
    digest = hashlib.sha256(f"{call.request.method} {url.path}?{url.query}\n".encode())
    digest.update(await call.request.body() if content is None else content)
    return digest.digest()


def _status(status: int | Callable[[Any], int], done: object) -> int:
    return status if isinstance(status, int) else status(done)


def _json(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers=headers, media_type="application/json")
