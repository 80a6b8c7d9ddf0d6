"""Logging with structlog: JSON lines, or colours on a terminal.

`bound(...)` puts office, unit, event and correlation ids on every line written inside it.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from typing_extensions import override

_THIRD_PARTIES = (
    *("aiokafka", "kafka", "faust", "mode", "asyncio", "aiohttp.access", "uvicorn"),
    *("opentelemetry", "urllib3"),
)
bound = structlog.contextvars.bound_contextvars
bind = structlog.contextvars.bind_contextvars
"""Like `bound`, until the task ends."""
log = structlog.stdlib.get_logger


class _Throttle(logging.Filter):
    """Lets one line a second of each place in a third party's code through.

    While the broker is away aiokafka writes ten lines a second, which bury all others.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(_THIRD_PARTIES):
            return True
        place = (record.name, record.lineno)
        if record.created - self._last.get(place, 0.0) < 1.0:
            return False
        self._last[place] = record.created
        return True


def configure(service: str, log_format: str = "auto", level: str = "INFO") -> None:
    """Send all logging of this process through structlog, to standard error.

    `log_format` is `json`, `console`, or `auto`: colours on a terminal, JSON otherwise.
    """
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    shared_processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if as_json else _keep_unchanged,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        # Without the values of variables: they may be addresses, or megabytes.
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared_processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _add_service(service),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _THIRD_PARTIES:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers[:] = []
        logger.propagate = True
    handler.addFilter(_Throttle())


def _keep_unchanged(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's own signature
    return event


def _add_service(service: str) -> structlog.typing.Processor:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ANN401 - structlog's own signature
        event["service"] = service
        return event

    return add
