"""Asks vendors for the receipts that they do not push, and applies them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch.mail_loop import run_loop
from services.notifier.gateways.building import build_pullers
from services.notifier.gateways.exchange import AcceptedMessage
from services.notifier.gateways.push_reading import make_receipt_event
from services.notifier.gateways.receipt_puller import AT_ONCE, NotToldError, ReceiptPuller
from services.notifier.settings import NotifierSettings
from services.notifier.settling import apply_receipts
from services.notifier.store import receipt_questions as store
from services.notifier.store.receipt_questions import ReceiptQuestion
from shared.clock import Clock
from shared.database.trusted_clock import TrustedClock
from shared.logging import log

_POLL = 5.0
"""Seconds between two looks while nothing is due."""
_MOST = 5 * AT_ONCE
"""Questions of one look."""
PAUSES = tuple(timedelta(minutes=each) for each in (3, 10, 30, 60, 180, 360, 720, 1440, 1440))
"""After the first question, and each later one. Three days are the longest that a vendor waits for
a telephone."""

Pullers = Mapping[str, ReceiptPuller]


class ReceiptPulling:
    """The loop that asks. Of several processes one asks for a message at a time, by a lease.

    Args:
        load: the pullers by the names of their gateways in lower case, by the file of gateways;
            raises CuibanError when it is not valid.
        lease: longer than the time limit of a request.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: TrustedClock,
        load: Callable[[], Pullers],
        lease: timedelta,
    ) -> None:
        self._engine, self._clock, self._load = engine, clock, load
        self._lease = lease
        self._pullers = load()
        self._former: list[ReceiptPuller] = []
        self._failing: dict[str, str] = {}

    @classmethod
    def of_settings(
        cls, settings: NotifierSettings, engine: AsyncEngine, clock: Clock
    ) -> "ReceiptPulling":
        """By the settings' file; errors as of `load`."""
        trusted = TrustedClock(clock, settings.clock_skew)
        return cls(engine, trusted, lambda: build_pullers(settings), settings.lease)

    def reload(self) -> None:
        """Load the gateways again; with a file that is not valid the former ones stay.

        Raises:
            CuibanError: the file is not valid.
        """
        pullers = self._load()
        self._former += self._pullers.values()
        self._pullers, self._failing = pullers, {}

    async def run(self) -> None:
        """Ask for what is due, until cancelled; after an error the next look tries again."""
        try:
            await run_loop("receipts", self.ask_some, _POLL)
        finally:
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        self._former += self._pullers.values()
        await self._close_former()

    async def describe_failing(self) -> str:
        """Which gateways do not say what became of messages, and why, for the readiness check."""
        return "; ".join(f"{gateway}: {why}" for gateway, why in sorted(self._failing.items()))

    async def ask_some(self) -> bool:
        """Ask for the receipts that are due; False when none was."""
        await self._close_former()
        async with self._engine.begin() as db:
            questions = await store.claim(db, _MOST, self._lease)
        ends = await asyncio.gather(*map(self._ask, questions), return_exceptions=True)
        for end in ends:  # only after all of them, so that none goes on by itself
            if end is not None:
                raise end
        return bool(questions)

    async def _close_former(self) -> None:
        former, self._former = self._former, []
        for puller in former:
            await puller.close()

    async def _ask(self, question: ReceiptQuestion) -> None:
        gateway = question.gateway.lower()
        puller = self._pullers.get(gateway)
        if not question.waits or puller is None:
            async with self._engine.begin() as db:
                await store.end(db, question.notification_id)
            return
        receipt = None
        try:
            receipt = await puller.ask(
                AcceptedMessage(question.gateway_message_id, question.address, question.sent_at)
            )
            self._failing.pop(gateway, None)
        except NotToldError as error:
            self._failing[gateway] = str(error)[:300]
            log(__name__).warning("receipts.not_told", gateway=gateway, error=str(error)[:300])
        async with self._engine.begin() as db:
            if receipt is None:
                await _go_on(db, question)
                return
            now = await self._clock.now(db)
            event = make_receipt_event(
                puller.vendor, receipt, office_id=question.office_id, gateway=gateway, at=now
            )
            await apply_receipts(db, [event], now)
            await store.end(db, question.notification_id)


async def _go_on(db: AsyncConnection, question: ReceiptQuestion) -> None:
    """Ask again later; after the last question the receipt stays unknown."""
    if question.asked > len(PAUSES):
        log(__name__).info("receipts.given_up", notification_id=str(question.notification_id))
        await store.end(db, question.notification_id)
        return
    await store.postpone(db, question.notification_id, PAUSES[question.asked - 1])
