"""The inbox: the messages of every unit as HTML pages that fit a phone.

Rendered on the server, without scripts and external resources. A mail's HTML is shown in a
sandboxed frame without scripts and network access.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.sinks.store import ReceivedMessage, Store

FOLDER = Path(__file__).with_name("templates")
ZONE = ZoneInfo("Asia/Shanghai")
UNITS_A_PAGE, MESSAGES_A_PAGE = 60, 30
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
NOBODY = "未注明单位"
_LINK = re.compile(r"https?://[!-;=?-~]+(?<![.,;:!?])")


def format_local_time(text: str) -> str:
    """An ISO 8601 instant in the office's zone: 2023年6月1日 09:00."""
    moment = datetime.fromisoformat(text).astimezone(ZONE)
    return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"


TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["local_time"] = format_local_time
TEMPLATES.filters["unit_name"] = lambda unit: unit or NOBODY


def list_links(text: str) -> list[str]:
    """The addresses in a text that can be opened, each once, in their order."""
    return list(dict.fromkeys(_LINK.findall(text)))


def read_body_parts(raw: bytes) -> tuple[str, str]:
    """A mail's text part and HTML part; an empty string for a part that it lacks."""
    mail = message_from_bytes(raw, policy=default)
    return _read_part(mail, "plain"), _read_part(mail, "html")


def _read_part(mail: EmailMessage, kind: str) -> str:
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
    """The inbox's pages, for one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def show_inbox(self, request: web.Request) -> web.Response:
        """`/`: the units, the one with the newest message first."""
        page, wanted = _parse_page(request), request.query.get("q", "").strip()

        def render() -> str:
            units = self._store.list_units()
            counts = self._store.count_messages()
            shown = [each for each in units if wanted in (each.unit or NOBODY)]
            start = (page - 1) * UNITS_A_PAGE
            return TEMPLATES.get_template("inbox.html.j2").render(
                units=shown[start : start + UNITS_A_PAGE],
                total=len(units),
                counts=counts["all"],
                wanted=wanted,
                page=page,
                pages=max(1, -(-len(shown) // UNITS_A_PAGE)),
            )

        return await _render_response(render)

    async def show_unit(self, request: web.Request) -> web.Response:
        """`/unit?name=…`: one unit's messages, newest first."""
        page, name = _parse_page(request), request.query.get("name", "")
        summary = {each.unit: each for each in await asyncio.to_thread(self._store.list_units)}.get(
            name
        )
        if summary is None:
            raise web.HTTPNotFound(text="没有发给这个单位的消息。")

        def render() -> str:
            start = (page - 1) * MESSAGES_A_PAGE
            messages = self._store.list_unit_messages(name, limit=MESSAGES_A_PAGE, offset=start)
            return TEMPLATES.get_template("unit.html.j2").render(
                unit=summary,
                messages=[(each, _preview(each)) for each in messages],
                page=page,
                pages=max(1, -(-(summary.email + summary.sms) // MESSAGES_A_PAGE)),
            )

        return await _render_response(render)

    async def show_message(self, request: web.Request) -> web.Response:
        """`/message/N`: one message, a mail with its HTML and its text."""
        message = await asyncio.to_thread(
            self._store.find_message, int(request.match_info["seq"][:15])
        )
        if message is None:
            raise web.HTTPNotFound(text="没有这条消息。")

        def render() -> str:
            text, html = message.text, ""
            if message.channel == "email":
                text, html = read_body_parts(message.raw)
            return TEMPLATES.get_template("message.html.j2").render(
                message=message, text=text, html=html, links=list_links(text)
            )

        return await _render_response(render)

    async def serve_style(self, _: web.Request) -> web.FileResponse:
        """`/style.css`."""
        return web.FileResponse(FOLDER / "style.css")


def add_pages(app: web.Application, store: Store) -> None:
    """Add the inbox's routes to the application."""
    pages = Pages(store)
    app.router.add_get("/", pages.show_inbox)
    app.router.add_get("/unit", pages.show_unit)
    app.router.add_get(r"/message/{seq:\d+}", pages.show_message)
    app.router.add_get("/style.css", pages.serve_style)


def _preview(message: ReceivedMessage) -> str:
    """The first 120 characters of a message's text."""
    text = message.text if message.channel == "sms" else read_body_parts(message.raw)[0]
    return " ".join(text.split())[:120]


def _parse_page(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return max(1, int(text[:6])) if text.isascii() and text.isdecimal() else 1


async def _render_response(render: Callable[[], str]) -> web.Response:
    text = await asyncio.to_thread(render)
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=text, content_type="text/html", headers=headers)
