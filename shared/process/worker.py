"""A service whose consumers are faust agents: the worker, and the service's own loops."""

import asyncio
import os
import signal
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import faust
import mode
from typing_extensions import override

from shared import logging
from shared.errors import CuibanError
from shared.kafka.delivery import faust_agents as delivering
from shared.metrics import HealthPort
from shared.process.running import refuse
from shared.tracing.spans import stop_tracing

Loop = Callable[[], Coroutine[Any, Any, None]]
_STOP_FAUST_WITHIN = 10.0
"""Seconds that faust has to stop, once the service's own loops have ended."""
_CANCEL_AGAIN = 1.0
"""Seconds until a loop that still runs is cancelled again."""


class Loops(mode.Service):
    """Runs a service's own loops and health port beside its faust agents.

    A loop that raises stops the process, so that its supervisor restarts it.
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
        self._running: set[asyncio.Future[None]] = set()

    @override
    async def on_start(self) -> None:
        """Wait for what the service needs, then start the loops."""
        try:
            delivering.check_faust()
            await self._before()
            port = await self._health.start()
        except CuibanError as error:
            refuse(error)
        logging.log(__name__).info("service.started", health_port=port)
        for loop in self._loops:
            self._running.add(self.add_future(self._run_loop(loop)))

    async def _run_loop(self, loop: Loop) -> None:
        try:
            await loop()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - logged, then the process ends
            logging.log(__name__).exception("loop.crashed")
            await self.crash(error)

    async def end_loops(self) -> None:
        """Cancel the loops, and return when each has finished what it had begun.

        A library may swallow one cancellation, so a loop that goes on is cancelled again.
        """
        while running := {task for task in self._running if not task.done()}:
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=_CANCEL_AGAIN)

    @override
    async def on_stop(self) -> None:
        """End the loops, if a signal has not done so before."""
        await self.end_loops()

    @override
    async def on_shutdown(self) -> None:
        """Close what was opened."""
        await self._health.stop()
        await self._after()
        await asyncio.to_thread(stop_tracing)


class _Worker(faust.Worker):
    """A faust worker that leaves logging and the terminal alone, and always stops.

    At a signal the service's own loops end first, and commit what is in flight. Then faust stops.
    Faust can wait for ever when it is told to stop while it starts or rebalances; after
    `_STOP_FAUST_WITHIN` the process ends without it (docs/adr/0090-a-stop-has-an-end.md).
    """

    def __init__(self, app: faust.App, loops: Loops) -> None:
        super().__init__(app, loops, redirect_stdouts=False, quiet=True)
        self.spinner = None  # it would print between the JSON lines of the log
        self._loops = loops

    @override
    def _setup_logging(self) -> None:
        pass

    @override
    async def _stop_on_signal(self, signal: signal.Signals) -> None:
        logging.log(__name__).info("service.stops", signal=signal.name)
        await self._loops.end_loops()
        deadline = threading.Timer(_STOP_FAUST_WITHIN, _abandon_faust)
        deadline.daemon = True
        deadline.start()
        await super()._stop_on_signal(signal)


def _abandon_faust() -> NoReturn:
    """End the process. Nothing is lost: what a batch has not committed is delivered again."""
    stacks = [
        line
        for frame in sys._current_frames().values()  # noqa: SLF001 - documented for debuggers
        for line in traceback.format_stack(frame)[-3:]
    ]
    logging.log(__name__).warning("faust.does-not-stop", stacks=stacks)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


def run_worker(app: faust.App, loops: Loops) -> NoReturn:
    """Run a faust app with its loops until a signal; never returns."""
    _Worker(app, loops).execute_from_commandline()
    raise SystemExit(0)
