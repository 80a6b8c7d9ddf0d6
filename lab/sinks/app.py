"""The sinks: `python -m lab.sinks.app --smtp-port N --http-port M --state DIR`.

One process that takes mail by SMTP and short messages by HTTP, remembers all of it in DIR, shows
it as an inbox on `/` and as JSON on `/messages` and `/counts`, and can be told to fail on
`/faults`. CUIBAN_SMS_SECRET is the key of the short messages' signatures.
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

from lab.sinks.gateways import Faults, Gateways, MailHandler, keys_from, take_sms
from lab.sinks.pages import add_pages, body_parts
from lab.sinks.store import Delivery, Store
from shared.clock import clock_from
from shared.errors import CuibanError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HOST = "127.0.0.1"
LARGEST = 5_000_000  # bytes of one message
MOST = 5000  # messages in one answer


def application(gateways: Gateways) -> web.Application:
    """The HTTP side: the SMS gateway, what was received, the faults, and the inbox."""
    app = web.Application(client_max_size=LARGEST, middlewares=[explain])
    app.router.add_post("/sms", partial(take_sms, gateways))
    app.router.add_get("/messages", partial(messages, gateways))
    app.router.add_delete("/messages", partial(clear, gateways))
    app.router.add_get("/counts", partial(counts, gateways))
    app.router.add_get("/refusals", partial(refusals, gateways))
    app.router.add_get("/faults", partial(faults, gateways))
    app.router.add_put("/faults", partial(set_faults, gateways))
    add_pages(app, gateways.store)
    return app


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """An error that the caller can mend is a 400 with its text."""
    try:
        return await handler(request)
    except CuibanError as error:
        return web.json_response({"error": error.message}, status=400)


async def messages(gateways: Gateways, request: web.Request) -> web.Response:
    """`GET /messages?after=&channel=&to=&limit=`: oldest first; `next` is the next `after`."""
    query = request.query
    after, limit = _number(query.get("after", "0")), _number(query.get("limit", "1000"))

    def load() -> str:
        found = gateways.store.messages(
            after=after,
            channel=query.get("channel", ""),
            to=query.get("to", ""),
            limit=min(limit, MOST),
        )
        last = found[-1].seq if found else after
        told = {"messages": [as_json(each) for each in found], "next": last}
        return json.dumps(told, ensure_ascii=False)

    text = await asyncio.to_thread(load)
    return web.Response(text=text, content_type="application/json")


def as_json(delivery: Delivery) -> dict[str, object]:
    """A delivery for a test to look at."""
    told: dict[str, object] = {
        "seq": delivery.seq,
        "channel": delivery.channel,
        "id": delivery.ident,
        "unit": delivery.unit,
        "to": delivery.recipient,
        "received": delivery.received,
        "at": delivery.shown,
        "answered": bool(delivery.answered),
    }
    if delivery.channel == "sms":
        return told | {"text": delivery.text, "headers": json.loads(delivery.headers)}
    text, html = body_parts(delivery.raw)
    raw = delivery.raw.decode("utf-8", "replace")
    return told | {
        "from": delivery.sender,
        "subject": delivery.subject,
        "text": text,
        "html": html,
        "raw": raw,
    }


async def clear(gateways: Gateways, _: web.Request) -> web.Response:
    """`DELETE /messages`: forget everything."""
    gateways.store.clear()
    gateways.offered.update({"email": 0, "sms": 0})
    return web.Response(status=204)


async def counts(gateways: Gateways, _: web.Request) -> web.Response:
    """`GET /counts`: distinct ids by channel; `received` counts repeats, `offered` refusals too."""
    found = await asyncio.to_thread(gateways.store.counts)
    told = {**found["distinct"], "received": found["all"], "offered": gateways.offered}
    return web.json_response(told)


async def refusals(gateways: Gateways, _: web.Request) -> web.Response:
    """`GET /refusals`: what was refused because of `answer:…`: channel, id, status."""
    return web.json_response(await asyncio.to_thread(gateways.store.refusals))


async def faults(gateways: Gateways, _: web.Request) -> web.Response:
    """`GET /faults`: how each gateway behaves."""
    return web.json_response(gateways.faults.modes)


async def set_faults(gateways: Gateways, request: web.Request) -> web.Response:
    """`PUT /faults`: break a gateway or mend it."""
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
    """Run both until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    clock_file = os.environ.get("CUIBAN_CLOCK_FILE")
    gateways = Gateways(
        store=Store(state),
        faults=Faults(),
        clock=clock_from(Path(clock_file) if clock_file else None),
        keys=keys_from(os.environ.get("CUIBAN_SMS_SECRET", "")),
    )
    handler = MailHandler(gateways)
    mail = await loop.create_server(
        partial(SMTP, handler, data_size_limit=LARGEST, hostname="localhost", loop=loop),
        HOST,
        smtp_port,
        backlog=512,
    )
    runner = web.AppRunner(application(gateways), access_log=None, shutdown_timeout=1.0)
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
