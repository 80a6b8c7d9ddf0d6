"""The simulator: one HTTP application in which each vendor has its own prefix.

`GET /vendors.json` tells where each stands, `POST /faults` sets what goes wrong, `GET
/received.json` lists what was taken, `GET /receipts.json` what was reported, `PUT /receipts` says
where reports are pushed, `POST /replies` pushes what a person answers. Nothing is kept on disk.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from lab.simulator.faults import VendorFault, WaitingFaults, get_status
from lab.simulator.protocol import (
    Incoming,
    Offered,
    Refusing,
    Reply,
    SimulatedVendor,
    TakenMessage,
)
from lab.simulator.reports import Reports
from shared.clock import read_machine_time
from shared.errors import CuibanError

HOST = "127.0.0.1"
_LARGEST = 5_000_000  # bytes of a request
_KEPT = 100_000
_HUGE = 8 * 1024 * 1024
_DRIP = 0.3  # seconds between two bytes
_REFUSALS: Mapping[str, Refusing] = {
    VendorFault.FAILING_BODY: Refusing.FAILING,
    VendorFault.THROTTLED_BODY: Refusing.THROTTLED,
    VendorFault.PARTIAL: Refusing.BAD_NUMBER,
}


@dataclass
class Simulator:
    """Simulated vendors by name, and what they took.

    Attributes:
        root: the vendor whose API stands at the root, too; empty when none does.
    """

    vendors: Mapping[str, SimulatedVendor]
    root: str = ""
    received: deque[TakenMessage] = field(default_factory=lambda: deque(maxlen=_KEPT))
    reports: Reports = field(default_factory=Reports)

    def __post_init__(self) -> None:
        """Prepare what every vendor has."""
        self.faults = WaitingFaults(self.vendors)
        self._by_key: dict[tuple[str, str], TakenMessage] = {}
        self._taken = 0
        self._ended = asyncio.Event()

    def build_application(self) -> web.Application:
        """The routes."""
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_post("/faults", self._set_faults)
        app.router.add_get("/received.json", self._list_received)
        app.router.add_get("/receipts.json", self._list_receipts)
        app.router.add_put("/receipts", self._set_receipts)
        app.router.add_post("/replies", self._send_reply)
        app.router.add_get("/vendors.json", self._describe_vendors)
        for name, vendor in self.vendors.items():
            app.router.add_route("*", f"/{name}{{path:(/.*)?}}", partial(self._serve, vendor))
        if self.root:
            at_root = partial(self._serve, self.vendors[self.root])
            app.router.add_route("*", "/{path:.*}", at_root)
        app.on_shutdown.append(self._end)
        return app

    async def _end(self, _: web.Application) -> None:
        self._ended.set()
        self.reports.stop()

    # --- control ---

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            self.faults.add(wanted if isinstance(wanted, dict) else {}, self.root)
        except ValueError:
            return web.json_response({"error": "The body is not JSON."}, status=400)
        except CuibanError as error:
            return web.json_response({"error": error.message}, status=400)
        return web.json_response(self.faults.count())

    async def _describe_vendors(self, request: web.Request) -> web.Response:
        prefix = request.path.removesuffix("/vendors.json")
        return web.json_response(describe(self, f"{request.scheme}://{request.host}{prefix}"))

    async def _list_received(self, request: web.Request) -> web.Response:
        wanted = request.query.get("vendor")
        listed = [
            {
                "vendor": each.vendor,
                "id": each.id,
                "to": list(each.numbers),
                "refused": list(each.refused),
                "text": each.text,
                "key": each.key,
                "received_at": each.received_at.isoformat(),
                "repeats": each.repeats,
                "answered": each.answered,
            }
            for each in self.received
            if wanted in {None, each.vendor}
        ]
        return web.json_response(listed)

    async def _list_receipts(self, _: web.Request) -> web.Response:
        listed = [
            {
                "vendor": each.vendor,
                "id": each.message_id,
                "body": each.reply.body.decode(),
                "at": each.at.isoformat(),
                "status": each.status,
            }
            for each in self.reports.made
        ]
        return web.json_response(listed)

    async def _set_receipts(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            self.reports.urls[str(wanted.get("vendor") or self.root)] = str(wanted["url"])
        except (ValueError, KeyError, AttributeError):
            return web.json_response({"error": "vendor and url are needed"}, status=400)
        return web.json_response(self.reports.urls)

    async def _send_reply(self, request: web.Request) -> web.Response:
        try:
            wanted = json.loads(await request.read())
            vendor = self.vendors[str(wanted.get("vendor") or self.root)]
            number, text = str(wanted["mobile"]), str(wanted["text"])
        except (ValueError, KeyError, AttributeError):
            return web.json_response({"error": "vendor, mobile and text are needed"}, status=400)
        status = await self.reports.send_text_reply(vendor, number, text)
        if status is None:
            return web.json_response({"error": "no replies, or no address for them"}, status=400)
        return web.json_response({"status": status})

    # --- vendors ---

    async def _serve(self, vendor: SimulatedVendor, request: web.Request) -> web.StreamResponse:
        incoming = Incoming(
            method=request.method,
            path="/" + request.match_info["path"].lstrip("/"),
            query=list(request.query.items()),
            headers={key.lower(): value for key, value in request.headers.items()},
            body=await request.read(),
            now=read_machine_time(),
        )
        offered = vendor.read(incoming)
        if isinstance(offered, Reply):
            return _respond(offered)
        return await self._answer(request, vendor, offered)

    async def _answer(
        self, request: web.Request, vendor: SimulatedVendor, offered: Offered
    ) -> web.StreamResponse:
        fault = self.faults.take(vendor.NAME)
        if (status := get_status(fault)) is not None:
            headers = {"Retry-After": "1"} if status == 429 else {}  # noqa: PLR2004 - HTTP
            return web.Response(status=status, text="<html>simulated", headers=headers)
        if fault == VendorFault.HANG:
            return await self._hang(request)
        if fault == VendorFault.RESET:
            return _reset(request)
        why = _REFUSALS.get(fault)
        if why and not (fault == VendorFault.PARTIAL and vendor.BY_NUMBER):
            return _respond(vendor.refuse(why, offered))
        return await self._take(request, vendor, offered, fault)

    async def _take(
        self, request: web.Request, vendor: SimulatedVendor, offered: Offered, fault: str
    ) -> web.StreamResponse:
        refused = offered.numbers[:1] if fault == VendorFault.PARTIAL else ()
        message, reply = self._keep(vendor, offered, refused)
        unanswered = {VendorFault.ACCEPT_THEN_TIMEOUT, VendorFault.ACCEPT_THEN_RESET}
        message.answered = fault not in unanswered
        await self.reports.send_reports(vendor, offered, message, fault)
        match fault:
            case VendorFault.ACCEPT_THEN_TIMEOUT:
                return await self._hang(request)
            case VendorFault.ACCEPT_THEN_RESET:
                return _reset(request)
            case VendorFault.SLOW_DRIP:
                return await self._write_slowly(request, reply)
            case VendorFault.HUGE:
                return web.Response(body=b" " * _HUGE + reply.body, content_type=reply.content_type)
            case VendorFault.BROKEN:
                return web.Response(
                    body=reply.body[: len(reply.body) // 2], content_type=reply.content_type
                )
            case _:
                return _respond(reply)

    def _keep(
        self, vendor: SimulatedVendor, offered: Offered, refused: Sequence[str]
    ) -> tuple[TakenMessage, Reply]:
        """The message, kept once if the vendor recognises a repeat, and the answer."""
        known = self._by_key.get((vendor.NAME, offered.key)) if vendor.RECOGNISES else None
        if known and offered.key:
            known.repeats += 1
            return known, vendor.refuse_repeat(offered, known.id)
        self._taken += 1
        message = TakenMessage(
            vendor=vendor.NAME,
            id=f"{read_machine_time():%Y%m%d%H%M%S}{self._taken:06d}",
            numbers=offered.numbers,
            text=offered.text,
            key=offered.key,
            received_at=read_machine_time(),
            refused=tuple(refused),
        )
        if set(refused) != set(offered.numbers):
            self.received.append(message)
            self._by_key[vendor.NAME, offered.key] = message
        return message, vendor.accept(offered, message.id, refused)

    async def _hang(self, request: web.Request) -> web.StreamResponse:
        await self._ended.wait()
        return _reset(request)

    async def _write_slowly(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status)
        response.content_type = reply.content_type
        await response.prepare(request)
        with suppress(ConnectionError):  # the sender gives up
            for byte in reply.body:
                await response.write(bytes([byte]))
                await asyncio.sleep(_DRIP)
        return response


def _respond(reply: Reply) -> web.Response:
    return web.Response(body=reply.body, status=reply.status, content_type=reply.content_type)


def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def serve(simulator: Simulator, port: int = 0) -> AsyncIterator[str]:
    """Serve on this machine; the address, without a slash at its end.

    Raises:
        CuibanError: the port is taken.
    """
    runner = web.AppRunner(simulator.build_application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    except OSError as error:
        raise CuibanError(f"Port {port} can't be used: {error.strerror}.") from error
    finally:
        await runner.cleanup()


def describe(simulator: Simulator, address: str) -> dict[str, Any]:
    """Where each vendor stands, and with which credentials."""
    root = simulator.root
    return {
        "address": address,
        "paths": {name: "/" if name == root else f"/{name}" for name in simulator.vendors},
        "credentials": {
            name: dict(vendor.credentials) for name, vendor in simulator.vendors.items()
        },
    }
