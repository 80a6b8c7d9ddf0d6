"""Asks vendors for the receipts that they do not push, and applies them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch.mail_loop import run_loop
from services.notifier.gateways.building import build_pullers
from services.notifier.gateways.exchange import AcceptedMessage, Receipt
from services.notifier.gateways.receipt_puller import AT_ONCE, NotToldError, ReceiptPuller
from services.notifier.settings import NotifierSettings
from services.notifier.settling import apply_receipts
from services.notifier.store import receipt_questions as store
from services.notifier.store.receipt_questions import ReceiptQuestion
from shared.clock import Clock
from shared.database.trusted_clock import TrustedClock
from shared.logging import log
from shared.schemas.gateway_events import ReceiptReceived

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
        await asyncio.gather(*map(self._ask, questions))
        return bool(questions)

    async def _close_former(self) -> None:
        former, self._former = self._former, []
        for puller in former:
            await puller.close()

    async def _ask(self, question: ReceiptQuestion) -> None:
        gateway = question.gateway.lower()
        puller = self._pullers.get(gateway)
        receipt, why = None, ""
        if question.waits and puller is not None:
            sent = AcceptedMessage(question.gateway_message_id, question.address, question.sent_at)
            try:
                receipt = await puller.ask(sent)
                self._failing.pop(gateway, None)
            except NotToldError as error:
                why = self._failing[gateway] = str(error)[:300]
                log(__name__).warning("receipts.not_told", gateway=gateway, error=why)
        async with self._engine.begin() as db:
            if not question.waits or puller is None:
                await store.end(db, question.notification_id)
            elif receipt is not None:
                await self._apply(db, question, receipt, gone=puller.vendor.is_gone(receipt))
            else:
                await _go_on(db, question)

    async def _apply(
        self, db: AsyncConnection, question: ReceiptQuestion, receipt: Receipt, *, gone: bool
    ) -> None:
        now = await self._clock.now(db)
        received = ReceiptReceived(
            office_id=question.office_id,
            gateway=question.gateway.lower(),
            gateway_message_id=receipt.message_id,
            state="delivered" if receipt.delivered else "failed",
            received_at=now,
            detail=receipt.code,
            gone=gone,
        )
        await apply_receipts(db, [received], now)
        await store.end(db, question.notification_id)


async def _go_on(db: AsyncConnection, question: ReceiptQuestion) -> None:
    """Ask again later; after the last question the receipt stays unknown."""
    if question.asked > len(PAUSES):
        log(__name__).info("receipts.given_up", notification_id=str(question.notification_id))
        await store.end(db, question.notification_id)
        return
    await store.postpone(db, question.notification_id, PAUSES[question.asked - 1])
