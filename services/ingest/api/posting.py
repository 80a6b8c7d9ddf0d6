"""A POST as one transaction, run once for each Idempotency-Key.

The answer is stored in the transaction of the command: either both exist or neither. Only
successes are stored; a refusal changed nothing, so a repeat may try again.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Call
from services.ingest.api.problems import ProblemError
from services.ingest.store import idempotency

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
T = TypeVar("T")


async def answer_post(
    call: Call,
    run: Callable[[AsyncConnection], Awaitable[T]],
    schema: type[BaseModel],
    *,
    status: int | Callable[[T], int] = 200,
    content: bytes | None = None,
    withheld: Mapping[str, object] | None = None,
) -> Response:
    """Run a command in one transaction and answer with `schema`, or give the earlier answer.

    Args:
        call: the request.
        run: the command; it returns what `schema` is made from.
        schema: of the answer.
        status: of the answer, or a function that derives it from what `run` returned.
        content: what identifies a repeat of the request; by default its body.
        withheld: secret fields, which are sent once; a repeat gets these values instead.

    Raises:
        ProblemError: 400 for a malformed key, 409 while its first request runs, 422 when the
            key came with another request.
    """
    key = _get_key(call)
    if key is None:
        async with call.context.engine.begin() as db:
            result = await run(db)
        return _make_response(
            schema.model_validate(result).model_dump_json(), _get_status(status, result)
        )
    fingerprint = await _compute_fingerprint(call, content)
    async with call.context.engine.begin() as db:
        if (earlier := await _find_earlier(call, db, key, fingerprint)) is not None:
            return earlier
        result = await run(db)
        answer, code = schema.model_validate(result), _get_status(status, result)
        kept = answer.model_copy(update=withheld) if withheld else answer
        await idempotency.add_answer(
            db,
            caller_id=call.caller.caller_id,
            key=key,
            fingerprint=fingerprint,
            status=code,
            body=kept.model_dump_json(),
            now=call.act.now,
        )
    return _make_response(answer.model_dump_json(), code)


def _get_key(call: Call) -> str | None:
    key = call.request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise ProblemError(
            400,
            "bad-idempotency-key",
            "请求头 Idempotency-Key 须为 1 至 255 个可见的 ASCII 字符。"
            "An Idempotency-Key is 1 to 255 visible ASCII characters.",
        )
    return key


async def _find_earlier(
    call: Call, db: AsyncConnection, key: str, fingerprint: bytes
) -> Response | None:
    caller_id = call.caller.caller_id
    if not await idempotency.claim_key(db, caller_id, key):
        raise ProblemError(
            409,
            "request-in-progress",
            "使用同一 Idempotency-Key 的请求还在处理。"
            "The first request with this Idempotency-Key is still running.",
            "请稍后再试。Ask again in a moment.",
            {"Retry-After": "1"},
        )
    stored = await idempotency.find_answer(db, caller_id, key)
    if stored is None:
        return None
    if stored.fingerprint != fingerprint:
        raise ProblemError(
            422,
            "idempotency-key-reused",
            "这个 Idempotency-Key 已用于另一请求。"
            "This Idempotency-Key was used for another request.",
            "新的请求请用新的 Idempotency-Key。Use a new key for a new request.",
        )
    return _make_response(stored.body, stored.status, {"Idempotency-Replayed": "true"})


async def _compute_fingerprint(call: Call, content: bytes | None) -> bytes:
    url = call.request.url
    digest = hashlib.sha256(f"{call.request.method} {url.path}?{url.query}\n".encode())
    digest.update(await call.request.body() if content is None else content)
    return digest.digest()


def _get_status(status: int | Callable[[T], int], result: T) -> int:
    return status if isinstance(status, int) else status(result)


def _make_response(body: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, headers=headers, media_type="application/json")
