"""Sends the test messages that people ask for, each through one named gateway and at most once.

A test changes neither circuit nor health of its gateway, and is no notification. Against the
limits of the gateway it counts as a message does, since the vendor counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch.choosing import OutletState, Postponed, open_choosing
from services.notifier.dispatch.lane import Lane
from services.notifier.dispatch.mail_loop import run_loop
from services.notifier.dispatch.outlet import Outlet
from services.notifier.domain import reporting
from services.notifier.domain.fanout import get_zone
from services.notifier.domain.message import (
    Message,
    MessageAccepted,
    Outcome,
    OutcomeUnknown,
    get_detail,
    name_outcome,
)
from services.notifier.domain.retry import OpenReason
from services.notifier.rendering.gateway_tests import make_test_message
from services.notifier.store import claims, gateway_tests
from services.notifier.store.gateway_tests import ClaimedTest
from services.notifier.store.tables import OUTBOX
from services.notifier.store.tried import Tried
from shared.database.trusted_clock import TrustedClock
from shared.kafka.outbox.publishing import publish
from shared.logging import log
from shared.schemas.gateway_states import GatewayTestAnswered, GatewayTestUnsent
from shared.schemas.rules import Channel

_POLL = 1.0
"""Seconds between looks while there is nothing to send: a person waits for the answer."""
USEFUL_FOR = timedelta(minutes=10)
"""A test that could not be sent for so long is not sent: nobody waits for it any more."""
_PATIENCE = timedelta(seconds=90)
"""A limit that ends within this time is waited for."""


@dataclass(frozen=True, slots=True)
class GatewayTests:
    """The loop that sends them.

    Attributes:
        lanes: through whose gateways.
        lease: after which a test without an answer counts as unknown. It is not sent again.
    """

    engine: AsyncEngine
    clock: TrustedClock
    lanes: Sequence[Lane]
    lease: timedelta

    async def run(self) -> None:
        """Send until cancelled; after an error the next look tries again."""
        await run_loop("gateway-tests", self.send_next, _POLL)

    async def send_next(self) -> bool:
        """Send and answer the test that has waited longest; False when none is due."""
        async with self.engine.begin() as db:
            test = await gateway_tests.claim(db, self.lease)
            if test is None:
                return False
            ready = await self._prepare(db, test, await self.clock.now(db))
        if ready is None:
            return True
        outlet, message = ready
        outcome = await _send(outlet, message)
        async with self.engine.begin() as db:
            await self._answer(db, test, outcome)
        return True

    async def _prepare(
        self, db: AsyncConnection, test: ClaimedTest, now: datetime
    ) -> tuple[Outlet, Message] | None:
        """What is to be sent through which outlet; None when it is answered or postponed."""
        match = self._find_outlet(test.gateway)
        if test.abandoned:
            await self._answer(db, test, OutcomeUnknown(claims.ABANDONED))
        elif now - test.requested_at > USEFUL_FOR:
            await self._answer(db, test, GatewayTestUnsent.TOO_LATE)
        elif match is None:
            await self._answer(db, test, GatewayTestUnsent.NO_GATEWAY)
        else:
            lane, outlet = match
            shown = now.astimezone(get_zone(test.timezone))
            signature = "" if lane.channel is Channel.EMAIL else lane.rules.signature
            message = make_test_message(test.request_id, test.address, shown, signature)
            postponed = await _count(db, lane, outlet, message)
            if postponed is None:
                return outlet, message
            if postponed.reason is OpenReason.GATEWAY_LIMIT and postponed.wait > _PATIENCE:
                await self._answer(db, test, GatewayTestUnsent.GATEWAY_LIMIT)
            else:
                await gateway_tests.postpone(db, test.request_id, postponed.wait)
        return None

    def _find_outlet(self, gateway: str) -> tuple[Lane, Outlet] | None:
        """The gateway of a name that is connected, with its lane."""
        for lane in self.lanes:
            outlet = lane.outlets.get(gateway)
            if outlet and lane.channel not in lane.rules.policy.unconnected:
                return lane, outlet
        return None

    async def _answer(
        self, db: AsyncConnection, test: ClaimedTest, end: Outcome | GatewayTestUnsent
    ) -> None:
        """Tell how a test ended, unless another process has."""
        if not await gateway_tests.end(db, test.request_id):
            return
        now = await self.clock.now(db)
        if isinstance(end, GatewayTestUnsent):
            outcome, detail = end.value, ""
        else:
            outcome = name_outcome(end).value
            detail = get_detail(end).replace(test.address, "…")
        answered = GatewayTestAnswered(
            office_id=test.office_id,
            request_id=test.request_id,
            gateway=test.gateway,
            outcome=outcome,
            detail=detail,
            gateway_message_id=end.gateway_message_id if isinstance(end, MessageAccepted) else "",
            answered_at=now,
        )
        await publish(db, OUTBOX, [reporting.report_test(answered, test.correlation_id, now)])
        log(__name__).info(
            "gateway.tested",
            request_id=str(test.request_id),
            gateway=test.gateway,
            outcome=answered.outcome,
        )


async def _count(
    db: AsyncConnection, lane: Lane, outlet: Outlet, message: Message
) -> Postponed | None:
    """Count a test against the limits of its gateway; how long it waits if they refuse it now."""
    real = await claims.read_database_now(db)
    rules = replace(lane.rules, gateways=(outlet.rules,))
    name: UUID = message.notification_id
    choosing = await open_choosing(db, rules, {outlet.rules.name: OutletState(1)}, real)
    await choosing.count_earlier(db, [message.address])
    chosen = choosing.choose(name, message.address, message.content, Tried(), "")
    if isinstance(chosen, Postponed):
        return chosen
    choosing.count(message, 1, outlet.rules)
    await choosing.write(db)
    return None


async def _send(outlet: Outlet, message: Message) -> Outcome:
    try:
        return await outlet.gateway.send(message)
    except Exception as error:  # noqa: BLE001 - a bug of ours: outcome unknown
        log(__name__).exception("gateway.crashed", channel=outlet.rules.channel)
        return OutcomeUnknown(type(error).__name__)
