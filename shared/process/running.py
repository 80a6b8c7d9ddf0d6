"""Starting and stopping a process: signals, and why it does not start."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from shared import logging
from shared.base_settings import ProcessSettings
from shared.errors import CuibanError
from shared.tracing.spans import stop_tracing
from shared.tracing.starting import start_tracing

S = TypeVar("S", bound=ProcessSettings)


def run_service(
    service: str, settings_type: type[S], run: Callable[[S], Coroutine[Any, Any, None]]
) -> None:
    """Run a service with the settings of the environment; one that can't start says why."""
    logging.configure(service)  # so that an invalid setting is reported as a log line
    try:
        settings = settings_type.load()
        logging.configure(service, settings.log_format, settings.log_level)
        start_tracing(service, settings.otlp_endpoint)
        tune_garbage_collector()
        shorten_turns()
        asyncio.run(run(settings))
    except CuibanError as error:
        refuse(error)
    finally:
        stop_tracing()


def tune_garbage_collector() -> None:
    """Run the garbage collector 100 times less often than by default. Call it after all imports.

    A batch allocates about 50,000 objects, none of them in cycles. With the default threshold of
    700 the collector took a third of the time of a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(70_000, 10, 10)


def shorten_turns() -> None:
    """Let a thread that computes give way to requests after 1 ms, instead of Python's 5.

    A request waits once for each of its steps, some 20 times, while another thread computes.
    """
    sys.setswitchinterval(0.001)


def refuse(error: CuibanError) -> NoReturn:
    """Log why the service does not start, and exit with status 78 (EX_CONFIG of sysexits.h)."""
    logging.log(__name__).error("service.refused", wrong=error.message, hint=error.hint)
    sys.exit(78)


async def run_until_signalled(*tasks: Coroutine[Any, Any, Any]) -> None:
    """Run tasks until SIGTERM or SIGINT; raises the error of a task that fails."""
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
