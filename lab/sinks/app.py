"""The sinks: `python -m lab.sinks.app --smtp-port N --http-port M --state DIR`.

One process receives mail by SMTP and short messages by HTTP and keeps all of it in DIR. It shows
them as an inbox on `/`, and as JSON on `/messages.json` (each message once), `/messages` (each
arrival) and `/counts`. `/faults` sets how the gateways misbehave. `/simulator` has the simulated
vendors of gateways. CUIBAN_SMS_SECRET is the key for the signatures of short messages.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from aiohttp import web
from aiosmtpd.smtp import SMTP

from lab.simulator.app import Simulator
from lab.simulator.catalogue import VENDORS
from lab.sinks.gateways import Faults, Gateways, MailHandler, take_sms
from lab.sinks.listing import list_distinct_messages
from lab.sinks.pages import add_pages, read_body_parts
from lab.sinks.signatures import parse_keys
from lab.sinks.store import ReceivedMessage, Store
from shared.clock import open_clock
from shared.errors import CuibanError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HOST = "127.0.0.1"
MESSAGE_LIMIT = 5_000_000  # bytes of one message
PAGE_LIMIT = 5000  # messages in one answer


def build_application(gateways: Gateways) -> web.Application:
    """Build the HTTP side: the SMS gateway, what was received, faults, the inbox, and vendors."""
    app = web.Application(client_max_size=MESSAGE_LIMIT, middlewares=[explain])
    app.router.add_post("/sms", partial(take_sms, gateways))
    app.router.add_get("/messages", partial(list_messages, gateways))
    app.router.add_get("/messages.json", partial(list_distinct_messages, gateways.store))
    app.router.add_delete("/messages", partial(clear_messages, gateways))
    app.router.add_get("/counts", partial(get_counts, gateways))
    app.router.add_get("/refusals", partial(list_refusals, gateways))
    app.router.add_get("/faults", partial(get_faults, gateways))
    app.router.add_put("/faults", partial(set_faults, gateways))
    add_pages(app, gateways.store)
    simulated = Simulator({name: make() for name, make in VENDORS.items()})
    app.add_subapp("/simulator", simulated.build_application())
    return app


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a CuibanError, which the caller can correct, with 400 and its text."""
    try:
        return await handler(request)
    except CuibanError as error:
        return web.json_response({"error": error.message}, status=400)


async def list_messages(gateways: Gateways, request: web.Request) -> web.Response:
    """`GET /messages?after=&channel=&to=&limit=`: oldest first; `next` is the next `after`."""
    query = request.query
    after, limit = _number(query.get("after", "0")), _number(query.get("limit", "1000"))

    def load() -> str:
        received = gateways.store.list_messages(
            after=after,
            channel=query.get("channel", ""),
            to=query.get("to", ""),
            limit=min(limit, PAGE_LIMIT),
        )
        last = received[-1].seq if received else after
        answer = {"messages": [as_json(each) for each in received], "next": last}
        return json.dumps(answer, ensure_ascii=False)

    text = await asyncio.to_thread(load)
    return web.Response(text=text, content_type="application/json")


def as_json(message: ReceivedMessage) -> dict[str, object]:
    """A message as JSON."""
    fields: dict[str, object] = {
        "seq": message.seq,
        "channel": message.channel,
        "id": message.ident,
        "unit": message.unit,
        "to": message.recipient,
        "received": message.received,
        "at": message.shown,
        "answered": bool(message.answered),
    }
    if message.channel == "sms":
        return fields | {"text": message.text, "headers": json.loads(message.headers)}
    text, html = read_body_parts(message.raw)
    raw = message.raw.decode("utf-8", "replace")
    return fields | {
        "from": message.sender,
        "subject": message.subject,
        "text": text,
        "html": html,
        "raw": raw,
    }


async def clear_messages(gateways: Gateways, _: web.Request) -> web.Response:
    """`DELETE /messages`: delete all messages and set the counts of offers to 0."""
    gateways.store.clear()
    gateways.offered.update({"email": 0, "sms": 0})
    return web.Response(status=204)


async def get_counts(gateways: Gateways, _: web.Request) -> web.Response:
    """`GET /counts`: distinct ids by channel; `received` with repeats, `offered` with refusals."""
    counts = await asyncio.to_thread(gateways.store.count_messages)
    answer = {**counts["distinct"], "received": counts["all"], "offered": gateways.offered}
    return web.json_response(answer)


async def list_refusals(gateways: Gateways, _: web.Request) -> web.Response:
    """`GET /refusals`: channel, id and status of each message refused because of `answer:…`."""
    return web.json_response(await asyncio.to_thread(gateways.store.list_refusals))


async def get_faults(gateways: Gateways, _: web.Request) -> web.Response:
    """`GET /faults`: the mode of each gateway."""
    return web.json_response(gateways.faults.modes)


async def set_faults(gateways: Gateways, request: web.Request) -> web.Response:
    """`PUT /faults`: set the mode of each named gateway; `ok` ends a fault."""
    try:
        wanted = json.loads(await request.read())
    except ValueError as error:
        raise CuibanError("The body is not JSON.") from error
    if not isinstance(wanted, dict):
        raise CuibanError("The body is not a JSON object.")
    gateways.faults.change(wanted)
    return web.json_response(gateways.faults.modes)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise CuibanError(f"{text!r} is not a number.")
    return int(text[:15])


async def serve(smtp_port: int, http_port: int, state: Path) -> None:
    """Serve SMTP and HTTP until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    clock_file = os.environ.get("CUIBAN_CLOCK_FILE")
    gateways = Gateways(
        store=Store(state),
        faults=Faults(),
        clock=open_clock(Path(clock_file) if clock_file else None),
        keys=parse_keys(os.environ.get("CUIBAN_SMS_SECRET", "")),
    )
    handler = MailHandler(gateways)
    mail = await loop.create_server(
        partial(SMTP, handler, data_size_limit=MESSAGE_LIMIT, hostname="localhost", loop=loop),
        HOST,
        smtp_port,
        backlog=512,
    )
    runner = web.AppRunner(build_application(gateways), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, HOST, http_port, backlog=512).start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    mail.close()
    await runner.cleanup()
    gateways.store.close()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Take mail and short messages, and show them.")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(arguments.smtp_port, arguments.http_port, arguments.state))


if __name__ == "__main__":
    main()
