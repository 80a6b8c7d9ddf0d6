"""A service whose consumers are faust agents: the worker, and the service's own loops."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NoReturn

import faust
import mode
from typing_extensions import override

from shared import logging
from shared.errors import CuibanError
from shared.kafka.delivery import faust_agents as delivering
from shared.metrics import HealthPort
from shared.process.running import refuse

Loop = Callable[[], Coroutine[Any, Any, None]]


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
            self.add_future(self._run_loop(loop))

    async def _run_loop(self, loop: Loop) -> None:
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
        self.spinner = None  # it would print between the JSON lines of the log

    @override
    def _setup_logging(self) -> None:
        pass


def run_worker(app: faust.App, loops: Loops) -> NoReturn:
    """Run a faust app with its loops until a signal; never returns."""
    _Worker(app, loops).execute_from_commandline()
    raise SystemExit(0)
