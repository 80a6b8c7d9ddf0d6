"""Serving an application over HTTP in a process that handles its signals itself."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from shared import logging
from shared.errors import CuibanError

_BACKLOG = 2048
_LAST_ANSWERS = 5  # seconds for requests in progress when the process is asked to stop
_KEPT_OPEN = 75
"""Seconds that an unused connection stays open: longer than the console (2 s) and the usual proxy
(nginx: 60 s) use it again, or a request is sent into a connection that is being closed."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the process."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int, variable: str) -> socket.socket:
    """The socket that an application is served on; port 0 takes a free one.

    Args:
        host: an address of this machine.
        port: 0 to 65535.
        variable: the setting that names the port, for the error's hint.

    Raises:
        CuibanError: the address is taken or not this machine's.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise CuibanError(
            f"Nothing can listen on {host}:{port}: {error.strerror}.",
            f"Free the port, or name another with {variable}.",
        ) from error
    # Connections inherit it. asyncio sets it only for sockets that name TCP as their protocol.
    # Without it the body of an answer waits 40 ms for the client to acknowledge the headers.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def serve(app: ASGIApp, sock: socket.socket, trusted_proxies: str) -> None:
    """Serve an application until cancelled; then finish the requests in progress.

    `trusted_proxies` are the addresses whose `X-Forwarded-For` is believed, separated by commas.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=trusted_proxies,
        lifespan="off",
        timeout_keep_alive=_KEPT_OPEN,
        timeout_graceful_shutdown=_LAST_ANSWERS,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve([sock]))
    host, port = sock.getsockname()[:2]
    logging.log(__name__).info("service.started", http=f"http://{host}:{port}")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
