"""Signed links over HTTP: open a session of a unit's contact, ask for a new link, revoke links.

No address reads by the link itself: mail scanners follow links, so that only a POST opens one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import ceil
from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.context import get_context
from services.ingest.api.posting import answer_post
from services.ingest.api.problems import ProblemError
from services.ingest.api.sessions import get_device
from services.ingest.handlers.units import links as handlers
from services.ingest.handlers.units.link_sessions import (
    LinkDoor,
    LinkError,
    LinkFault,
    OpenedLink,
    end_session,
)
from shared.api.links import (
    LinkContactOut,
    LinkOfficeOut,
    LinkOpenIn,
    LinkRenewIn,
    LinkRenewOut,
    LinkRevokeIn,
    LinkSessionOut,
    LinksRevokedOut,
    LinkUnitOut,
)
from shared.clock import monotonic
from shared.links import LinkKeys

ROUTER = APIRouter(prefix="/v1", tags=["links"])
T = TypeVar("T")
_ACCEPTED = 202


@ROUTER.post("/links/open", status_code=201)
async def open_link(request: Request, body: LinkOpenIn) -> LinkSessionOut:
    """Open a session of a unit's contact: by a link's token, or by a mobile number and its code.

    `secret` is a bearer token that reads and answers for this unit alone, for half an hour. A
    link may be opened again until it expires. A guessed, altered, foreign or revoked one, and one
    of a contact who has gone, are answered alike and late (404); one that is merely expired gets
    410. This POST takes no Idempotency-Key.
    """
    door = _make_door(request)

    async def run() -> OpenedLink:
        if body.token is not None:
            return await door.open_by_token(body.token.get_secret_value())
        return await door.open_by_code(
            body.mobile.get_secret_value() if body.mobile else "",
            body.code.get_secret_value() if body.code else "",
        )

    opened = await _answer_late(request, run)
    contact = opened.contact
    return LinkSessionOut(
        secret=opened.secret,
        expires_at=opened.expires_at,
        unit=LinkUnitOut(unit_id=contact.unit_id, name=contact.unit),
        office=LinkOfficeOut(office_id=contact.office_id, name=contact.office),
        contact=LinkContactOut(contact_id=contact.contact_id, post=contact.post, name=contact.name),
    )


@ROUTER.post("/links/renew", status_code=_ACCEPTED)
async def renew_link(request: Request, body: LinkRenewIn) -> LinkRenewOut:
    """Ask for a new link in place of an expired one.

    It is sent to the address that the office's directory has of the contact, at most once an
    hour. The answer is always the same; it does not tell whether anything is sent.
    """
    door = _make_door(request)
    pause = get_context(request).settings.link_delay.total_seconds()
    began = monotonic()
    await _answer_late(request, lambda: door.request_renewal(body.token.get_secret_value()))
    await asyncio.sleep(max(0.0, began + pause - monotonic()))
    return LinkRenewOut()


@ROUTER.delete("/links/session", status_code=204)
async def close_link(call: Permitted) -> None:
    """End the session that a link opened, which sends this request; the link itself stays good."""
    async with call.context.engine.begin() as db:
        await end_session(db, call.act, call.caller.caller_id)


@ROUTER.post("/units/{unit_id}/links/revoke", response_model=LinksRevokedOut)
async def revoke_links(call: Permitted, unit_id: UUID, body: LinkRevokeIn) -> Response:
    """End all links, codes and sessions of a unit's contacts up to now, or those of one post.

    Links of later messages work; a code works again from the next day on.
    """

    async def run(db: AsyncConnection) -> handlers.Revoked:
        return await handlers.revoke(db, call.act, unit_id, body.post, body.note)

    return await answer_post(call, run, LinksRevokedOut)


def _make_door(request: Request) -> LinkDoor:
    context = get_context(request)
    return LinkDoor(
        engine=context.engine,
        keys=LinkKeys.parse(context.settings.link_keys.get_secret_value()),
        device=get_device(request),
        lifetime=context.settings.link_session,
        now=context.clock.now(),
        correlation_id=request.scope["cuiban.correlation_id"],
    )


async def _answer_late(request: Request, run: Callable[[], Awaitable[T]]) -> T:
    """What `run` returns. A refusal comes a fixed time after the request, whatever its cause."""
    began = monotonic()
    pause = get_context(request).settings.link_delay.total_seconds()
    try:
        return await run()
    except LinkError as error:
        if error.fault is not LinkFault.WAIT:
            await asyncio.sleep(max(0.0, began + pause - monotonic()))
        raise _make_problem(error) from None


def _make_problem(error: LinkError) -> ProblemError:
    match error.fault:
        case LinkFault.EXPIRED:
            return ProblemError(
                410,
                "link-expired",
                "链接已过期。The link has expired.",
                "可申请新链接，将发送到登记的邮箱。"
                "Ask for a new one, at the registered address (`POST /v1/links/renew`).",
            )
        case LinkFault.WAIT:
            return ProblemError(
                429,
                "too-many-failures",
                "尝试次数过多，请稍后再试。There were too many wrong links or codes.",
                "请稍等后再试（`Retry-After`：秒数）。"
                "Wait before the next attempt (`Retry-After`: seconds).",
                {"Retry-After": str(ceil(error.wait.total_seconds()))},
            )
        case LinkFault.UNKNOWN:
            return ProblemError(
                404,
                "link-unknown",
                "链接或办理码无效。The link or the code is not valid.",
                "请使用最近一次通知中的链接或办理码，或联系政务公开办。"
                "Use those of the latest message, or ask the office.",
            )
