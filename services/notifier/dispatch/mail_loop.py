"""The loop of single mails that are no notifications: new links, and cancelled calendar entries."""

import asyncio
from collections.abc import Awaitable, Callable

from services.notifier.gateways.protocol import Gateway
from shared import metrics
from shared.backoff import Backoff
from shared.logging import log


async def run_mail_loop(
    name: str, send_next: Callable[[], Awaitable[bool]], gateway: Gateway, poll: float
) -> None:
    """Send until cancelled, then close the gateway; after an error the next look tries again.

    Args:
        name: of the loop, in the log and the metric of faults.
        send_next: makes one attempt; False when none is due.
        gateway: by which it sends.
        poll: seconds between looks while none is due.
    """
    errors = Backoff()
    try:
        while True:
            try:
                busy = await send_next()
            except Exception as error:  # noqa: BLE001 - waited out, whatever it is
                metrics.FAULTS.labels(name).inc()
                log(__name__).warning("loop.waits", loop=name, error=str(error)[:300])
                await errors.wait()
                continue
            errors.reset()
            if not busy:
                await asyncio.sleep(poll)
    finally:
        await gateway.close()
