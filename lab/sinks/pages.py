"""The inbox: what every unit received, as pages that a phone shows well.

Rendered on the server, without scripts and without anything from elsewhere. A mail's HTML is
shown in a frame that may run nothing and reach nothing.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.sinks.store import Delivery, Store

FOLDER = Path(__file__).with_name("templates")
ZONE = ZoneInfo("Asia/Shanghai")
UNITS_A_PAGE, MESSAGES_A_PAGE = 60, 30
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
NOBODY = "未注明单位"


def local_time(text: str) -> str:
    """An ISO instant as the office reads it: 2023年6月1日 09:00."""
    moment = datetime.fromisoformat(text).astimezone(ZONE)
    return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"


TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["local_time"] = local_time
TEMPLATES.filters["unit_name"] = lambda unit: unit or NOBODY


def body_parts(raw: bytes) -> tuple[str, str]:
    """A mail's text and HTML parts; an empty text for one that it lacks."""
    mail = message_from_bytes(raw, policy=default)
    return _part(mail, "plain"), _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    if part is None:
        return ""
    content = part.get_payload(decode=True)
    charset = part.get_content_charset("utf-8")
    if not isinstance(content, bytes):
        return ""
    try:
        text = content.decode(charset, "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return text.replace("\r\n", "\n")


class Pages:
    """The inbox's pages over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def inbox(self, request: web.Request) -> web.Response:
        """`/`: the units, the one with the newest message first."""
        page, wanted = _page(request), request.query.get("q", "").strip()

        def render() -> str:
            units = self._store.units()
            counts = self._store.counts()
            shown = [each for each in units if wanted in (each.unit or NOBODY)]
            start = (page - 1) * UNITS_A_PAGE
            return TEMPLATES.get_template("inbox.html.j2").render(
                units=shown[start : start + UNITS_A_PAGE],
                total=len(units),
                found=len(shown),
                counts=counts["all"],
                wanted=wanted,
                page=page,
                pages=max(1, -(-len(shown) // UNITS_A_PAGE)),
            )

        return await _html(render)

    async def unit(self, request: web.Request) -> web.Response:
        """`/unit?name=…`: one unit's messages, newest first."""
        page, name = _page(request), request.query.get("name", "")
        summary = {each.unit: each for each in await asyncio.to_thread(self._store.units)}.get(name)
        if summary is None:
            raise web.HTTPNotFound(text="没有发给这个单位的消息。")

        def render() -> str:
            start = (page - 1) * MESSAGES_A_PAGE
            found = self._store.of_unit(name, limit=MESSAGES_A_PAGE, offset=start)
            return TEMPLATES.get_template("unit.html.j2").render(
                unit=summary,
                messages=[(each, _preview(each)) for each in found],
                page=page,
                pages=max(1, -(-(summary.email + summary.sms) // MESSAGES_A_PAGE)),
            )

        return await _html(render)

    async def message(self, request: web.Request) -> web.Response:
        """`/message/N`: one message, a mail with its HTML and its text."""
        delivery = await asyncio.to_thread(self._store.message, int(request.match_info["seq"][:15]))
        if delivery is None:
            raise web.HTTPNotFound(text="没有这条消息。")

        def render() -> str:
            text, html = delivery.text, ""
            if delivery.channel == "email":
                text, html = body_parts(delivery.raw)
            return TEMPLATES.get_template("message.html.j2").render(
                message=delivery, text=text, html=html
            )

        return await _html(render)

    async def style(self, _: web.Request) -> web.FileResponse:
        """`/style.css`."""
        return web.FileResponse(FOLDER / "style.css")


def add_pages(app: web.Application, store: Store) -> None:
    """Serve the inbox from the application."""
    pages = Pages(store)
    app.router.add_get("/", pages.inbox)
    app.router.add_get("/unit", pages.unit)
    app.router.add_get(r"/message/{seq:\d+}", pages.message)
    app.router.add_get("/style.css", pages.style)


def _preview(delivery: Delivery) -> str:
    """The first lines of a message, as a list shows them."""
    text = delivery.text if delivery.channel == "sms" else body_parts(delivery.raw)[0]
    return " ".join(text.split())[:120]


def _page(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return max(1, int(text[:6])) if text.isascii() and text.isdecimal() else 1


async def _html(render: Callable[[], str]) -> web.Response:
    text = await asyncio.to_thread(render)
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=text, content_type="text/html", headers=headers)
