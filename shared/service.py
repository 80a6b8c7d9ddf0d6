"""Starting and stopping a service: what it waits for, its loops, its health port."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import faust
import mode
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from shared import clock, logging
from shared.brokering import partitions_of
from shared.database import check_migrated
from shared.errors import CuibanError, NotReadyError
from shared.metrics import HealthPort
from shared.settings import Settings
from shared.topics import Topic

Loop = Callable[[], Coroutine[Any, Any, None]]


async def when_ready(
    settings: Settings, engine: AsyncEngine, service: str, topics: Sequence[Topic]
) -> None:
    """Return once topics and migrations are there.

    Raises:
        NotReadyError: something is missing and `settings.wait` is over.
    """
    until = clock.monotonic() + settings.wait / timedelta(seconds=1)
    while True:
        try:
            await check_migrated(engine, service)
            await partitions_of(settings, topics)
        except NotReadyError as error:
            if clock.monotonic() >= until:
                raise
            logging.log(__name__).warning("service.waits", wants=str(error))
            await asyncio.sleep(1)
        else:
            return


def health_port(
    settings: Settings, engine: AsyncEngine, topics: Sequence[Topic] = ()
) -> HealthPort:
    """The health of a service: ready while its database answers, and its broker has `topics`.

    A service that goes on without a broker (its outbox fills meanwhile) names no topics.
    """

    async def database() -> str:
        async with engine.connect() as db:
            await db.execute(text("SELECT 1"))
        return ""

    async def broker() -> str:
        try:
            await partitions_of(settings, topics)
        except NotReadyError as error:
            return error.message
        return ""

    checks = {"database": database, "broker": broker} if topics else {"database": database}
    return HealthPort(settings.metrics_host, settings.metrics_port, checks)


def refuse(error: CuibanError) -> NoReturn:
    """Say why the service does not start, and leave with status 78 (EX_CONFIG of sysexits.h)."""
    logging.log(__name__).error("service.refused", wrong=error.message, hint=error.hint)
    sys.exit(78)


class Loops(mode.Service):
    """Runs a service's own loops and health port beside its faust agents.

    A loop that ends or raises stops the process: the supervisor starts it anew.
    """

    def __init__(
        self,
        *,
        before: Callable[[], Awaitable[None]],
        loops: Sequence[Loop],
        health: HealthPort,
        after: Callable[[], Awaitable[None]],
        **kwargs: Any,  # noqa: ANN401 - mode's own
    ) -> None:
        super().__init__(**kwargs)
        self._before, self._loops, self._health, self._after = before, loops, health, after

    @override
    async def on_start(self) -> None:
        """Wait for what the service needs, then start the loops."""
        try:
            await self._before()
            port = await self._health.start()
        except CuibanError as error:
            refuse(error)
        logging.log(__name__).info("service.started", health_port=port)
        for loop in self._loops:
            self.add_future(self._guarded(loop))

    async def _guarded(self, loop: Loop) -> None:
        try:
            await loop()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - logged, then the process ends
            logging.log(__name__).exception("loop.crashed")
            await self.crash(error)

    @override
    async def on_shutdown(self) -> None:
        """Close what was opened."""
        await self._health.stop()
        await self._after()


class _Worker(faust.Worker):
    """A faust worker that leaves logging and the terminal alone."""

    def __init__(self, app: faust.App, loops: Loops) -> None:
        super().__init__(app, loops, redirect_stdouts=False, quiet=True)
        self.spinner = None  # its signs would stand between the JSON lines of the log

    @override
    def _setup_logging(self) -> None:
        pass


def run_worker(app: faust.App, loops: Loops) -> NoReturn:
    """Run a faust app with its loops until a signal; never returns."""
    _Worker(app, loops).execute_from_commandline()
    raise SystemExit(0)


async def until_signalled(*tasks: Coroutine[Any, Any, Any]) -> None:
    """Run tasks until SIGTERM or SIGINT, or until one of them fails (and then raise)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = [asyncio.create_task(task) for task in tasks]
    waiting = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*running, waiting], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in [*running, waiting]:
            task.cancel()
        await asyncio.gather(*running, waiting, return_exceptions=True)
