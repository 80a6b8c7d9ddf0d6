"""The loops of messages that are no notifications: new links, ended calendar entries, tests."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifier.gateways.protocol import Gateway
from services.notifier.store import holds
from shared import metrics
from shared.backoff import Backoff
from shared.logging import log
from shared.messages.holding import HeldOffices, find_held
from shared.schemas.rules import Channel


async def run_mail_loop(
    name: str, send_next: Callable[[], Awaitable[bool]], gateway: Gateway, poll: float
) -> None:
    """Send as `run_loop` until cancelled, then close the gateway by which `send_next` sends."""
    try:
        await run_loop(name, send_next, poll)
    finally:
        await gateway.close()


async def run_loop(name: str, send_next: Callable[[], Awaitable[bool]], poll: float) -> None:
    """Send until cancelled; after an error the next look tries again.

    Args:
        name: of the loop, in the log and the metric of faults.
        send_next: makes one attempt; False when none is due.
        poll: seconds between looks while none is due.
    """
    errors = Backoff()
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


async def find_held_of_mail(db: AsyncConnection, gateway: str) -> HeldOffices:
    """The offices of which no mail may be sent now; `gateway` is the one that sends them."""
    return find_held(await holds.list_active(db), Channel.EMAIL, [gateway])
