"""Prometheus metrics that all services share, and the HTTP port for metrics and health."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from shared.errors import CuibanError

APPLIED = Counter("cuiban_events_applied", "Events applied", ["consumer", "topic"])
APPLIED_LATE = Counter(
    "cuiban_events_applied_late",
    "Events applied more than 10 s after they were sent to Kafka",
    ["consumer", "topic"],
)
LATE_AFTER = 10.0
"""Seconds; the service objective of events (`deploy/monitoring/rules/objectives.yml`)."""
REPEATS = Counter("cuiban_events_repeated", "Records skipped as repeats", ["consumer", "topic"])
GAPS = Counter("cuiban_gaps_read", "Gaps in a stream that were read again", ["consumer", "topic"])
DEAD = Counter("cuiban_dead_letters", "Records that could not be applied", ["consumer", "reason"])
FAULTS = Counter("cuiban_faults", "Infrastructure errors that were waited out", ["where"])
RELAYED = Counter("cuiban_outbox_relayed", "Events taken from the outbox to Kafka")
OUTBOX_OLDEST = Gauge("cuiban_outbox_oldest_seconds", "Age of the oldest event not yet sent")
OUTBOX_REFUSED = Gauge("cuiban_outbox_refused", "Events that the broker will never take")
REFUSED = Counter("cuiban_relay_refused", "Events that the broker refused for good", ["topic"])
RELAY_STOPS = Counter(
    "cuiban_relay_stops", "Partitions that lost what was acknowledged", ["topic", "reason"]
)
RESTORED = Gauge(
    "cuiban_database_restored", "1 while the log holds events that the database does not know"
)
TOPICS_STOPPED = Gauge("cuiban_relay_stopped", "Partitions for which the relay has stopped")
CLOCK_SKEW = Gauge(
    "cuiban_clock_skew_seconds", "The machine's clock and the database's differ by so much"
)
BEHIND = Gauge("cuiban_records_behind", "Records not yet applied", ["consumer", "topic"])
STOPPED = Gauge(
    "cuiban_streams_stopped",
    "Partitions that are not applied until an operator resumes them",
    ["consumer", "topic", "reason"],
)
PARKED = Gauge("cuiban_events_parked", "Events that wait for a replay", ["consumer"])
PARKED_AGE = Gauge(
    "cuiban_events_parked_oldest_seconds", "Age of the oldest event that is parked", ["consumer"]
)
BATCH = Histogram("cuiban_batch_seconds", "Time to apply a batch of records", ["consumer"])

Check = Callable[[], Awaitable[str]]
"""Returns what is wrong; empty when nothing is."""


class HealthPort:
    """Serves `/metrics`, `/health/live` and `/health/ready`.

    Live means that the event loop runs. Ready means that every check passes within 2 s. A warning
    is shown too, and the service stays ready.
    """

    def __init__(
        self,
        host: str,
        port: int,
        checks: Mapping[str, Check],
        warnings: Mapping[str, Check] | None = None,
    ) -> None:
        self._host, self._port, self._checks = host, port, dict(checks)
        self.warnings = dict(warnings or {})
        self._runner: web.AppRunner | None = None

    def require(self, name: str, check: Check) -> None:
        """Add a check that must pass for the service to be ready."""
        self._checks[name] = check

    async def start(self) -> int:
        """Listen, and return the port.

        Raises:
            CuibanError: the port is taken, or the address is not this machine's.
        """
        app = web.Application()
        app.router.add_get("/metrics", self._serve_metrics)
        app.router.add_get("/health/live", self._serve_live)
        app.router.add_get("/health/ready", self._serve_ready)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            raise CuibanError(
                f"Nothing can listen on {self._host}:{self._port}: {error.strerror}.",
                "Name others with CUIBAN_METRICS_HOST and CUIBAN_METRICS_PORT.",
            ) from error
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner:
            await self._runner.cleanup()

    async def _serve_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _serve_live(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "live"})

    async def _serve_ready(self, _: web.Request) -> web.Response:
        wrong, warnings = await _run_checks(self._checks), await _run_checks(self.warnings)
        status = {"status": "not ready" if wrong else "ready", **wrong}
        if warnings:
            status["warnings"] = warnings
        return web.json_response(status, status=503 if wrong else 200)


async def _run_checks(checks: Mapping[str, Check]) -> dict[str, object]:
    messages: dict[str, object] = {}
    for name, check in checks.items():
        try:
            async with asyncio.timeout(2):
                text = await check()
        except Exception as error:  # noqa: BLE001 - every failure is reported
            text = f"{type(error).__name__}: {error}"[:200]
        if text:
            messages[name] = text
    return messages
