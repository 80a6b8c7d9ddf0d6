"""Reads the mailboxes of bounces; what they say of messages is applied as receipts."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch import gauges
from services.notifier.domain.bounce_mails import BounceMail, MailKind, read_bounce_mail
from services.notifier.domain.bounces import Fate, judge_bounce
from services.notifier.gateways.building import WatchedMailbox, build_mailboxes
from services.notifier.gateways.imap import ImapSession
from services.notifier.settings import NotifierSettings
from services.notifier.settling import apply_receipts
from services.notifier.store import bounces, receipts
from services.notifier.store.bounces import BounceResult, ReadPosition
from shared import metrics
from shared.clock import Clock
from shared.database.trusted_clock import TrustedClock
from shared.logging import log
from shared.schemas.gateway_events import ReceiptReceived

_POLL = 1.0
"""Seconds between two looks at the table whether a mailbox is due."""
_MOST = 50
"""Mails in one look; when there are more, the next look follows at once."""
_LOOK_WITHIN = timedelta(seconds=60)
_LEASE = 2 * _LOOK_WITHIN
_FLAGS = {
    BounceResult.FAILED: r"\Seen",
    BounceResult.DELIVERED: r"\Seen",
    BounceResult.OPEN: r"\Seen",
    BounceResult.OTHER_MAIL: r"\Seen",
    BounceResult.UNMATCHED: r"\Flagged",
    BounceResult.UNREADABLE: r"\Flagged",
}
"""What a person sees in the mailbox; a mail that is no bounce stays as it is."""


class BounceReading:
    """The loop that reads. Of several processes one reads a mailbox at a time, by a lease.

    Args:
        load: the mailboxes, by the file of gateways; raises CuibanError when it is not valid.
        timeout: for each answer of a mailbox's server.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        clock: TrustedClock,
        load: Callable[[], Sequence[WatchedMailbox]],
        timeout: timedelta,
    ) -> None:
        self._engine, self._clock, self._load = engine, clock, load
        self._timeout = timeout / timedelta(seconds=1)
        self._mailboxes = load()
        self._failing: dict[str, str] = {}

    @classmethod
    def of_settings(
        cls, settings: NotifierSettings, engine: AsyncEngine, clock: Clock
    ) -> "BounceReading":
        """By the settings' file; errors as of `load`."""
        trusted = TrustedClock(clock, settings.clock_skew)
        return cls(engine, trusted, lambda: build_mailboxes(settings), settings.send_timeout)

    def reload(self) -> None:
        """Load the mailboxes again; with a file that is not valid the former ones stay.

        Raises:
            CuibanError: the file is not valid.
        """
        self._mailboxes = self._load()

    async def run(self) -> None:
        """Read what is due, until cancelled; after an error the next look tries again."""
        while True:
            mailboxes = self._mailboxes
            self._failing = {
                each.gateway: self._failing[each.gateway]
                for each in mailboxes
                if each.gateway in self._failing
            }
            await asyncio.gather(*map(self._look_safely, mailboxes))
            await asyncio.sleep(_POLL)

    async def describe_failing(self) -> str:
        """Which mailboxes can't be read, and why, for the readiness check."""
        return "; ".join(f"{gateway}: {why}" for gateway, why in sorted(self._failing.items()))

    async def _look_safely(self, mailbox: WatchedMailbox) -> None:
        try:
            if await self.look(mailbox) is not None:
                self._failing.pop(mailbox.gateway, None)
        except Exception as error:  # noqa: BLE001 - waited out, whatever it is
            metrics.FAULTS.labels("bounces").inc()
            why = (str(error) or type(error).__name__)[:300]
            self._failing[mailbox.gateway] = why
            log(__name__).warning("bounces.wait", gateway=mailbox.gateway, error=why)

    async def look(self, mailbox: WatchedMailbox) -> int | None:
        """Read the new mails of a mailbox; how many, None when it is not due.

        Raises:
            ImapError: its server does not answer, or refuses.
            TimeoutError: it is too slow.
            ClockWrongError: the machine's clock is wrong.
        """
        async with self._engine.begin() as db:
            position = await bounces.claim_mailbox(db, mailbox.gateway, _LEASE)
        if position is None:
            return None
        look = _Look(self, mailbox, position)
        pause = timedelta(seconds=mailbox.mailbox.poll)
        try:
            async with asyncio.timeout(_LOOK_WITHIN / timedelta(seconds=1)):
                if await look.run(self._timeout):
                    pause = timedelta(0)
        finally:
            async with self._engine.begin() as db:
                await bounces.release_mailbox(db, mailbox.gateway, look.position, pause)
        return look.number

    async def apply(self, mailbox: WatchedMailbox, raw: bytes) -> BounceResult:
        """Apply a mail, unless this was done before; what became of it.

        Raises:
            ClockWrongError: the machine's clock is wrong.
        """
        digest = hashlib.sha256(raw).digest()
        mail = await asyncio.to_thread(read_bounce_mail, raw, mailbox.mailbox.make_marks())
        if mail.kind is MailKind.OTHER:
            gauges.BOUNCES.labels(mailbox.gateway, BounceResult.NO_BOUNCE).inc()
            return BounceResult.NO_BOUNCE
        async with self._engine.begin() as db:
            await receipts.lock_for_receipts(db)
            known = await bounces.find_result(db, mailbox.gateway, digest)
            if known is not None:
                return known
            result = await self._settle(db, mailbox, mail)
            await bounces.put_result(db, mailbox.gateway, digest, result)
        gauges.BOUNCES.labels(mailbox.gateway, result).inc()
        if _FLAGS[result] == r"\Flagged":
            log(__name__).warning("bounces.unmatched", gateway=mailbox.gateway, result=result)
        return result

    async def _settle(
        self, db: AsyncConnection, mailbox: WatchedMailbox, mail: BounceMail
    ) -> BounceResult:
        if mail.kind is MailKind.UNREADABLE:
            return BounceResult.UNREADABLE
        if mail.mark is None:
            return BounceResult.UNMATCHED
        message = await bounces.find_message(db, mail.mark.notification_id)
        if message is None:
            return BounceResult.OTHER_MAIL
        verdict = judge_bounce(mail.statuses, message.address)
        if verdict.fate is Fate.OPEN:
            return BounceResult.OPEN
        now = await self._clock.now(db)
        failed = verdict.fate is Fate.FAILED
        receipt = ReceiptReceived(
            office_id=message.office_id,
            gateway=mailbox.gateway.lower(),
            gateway_message_id=message.gateway_message_id
            or mail.mark.to_message_id(mailbox.domain),
            state="failed" if failed else "delivered",
            received_at=now,
            detail=verdict.detail,
            gone=verdict.gone,
        )
        await apply_receipts(db, [receipt], now)
        return BounceResult.FAILED if failed else BounceResult.DELIVERED


class _Look:
    """One session with a mailbox. `position` is what is applied and flagged."""

    def __init__(
        self, reading: BounceReading, mailbox: WatchedMailbox, position: ReadPosition
    ) -> None:
        self._reading, self._mailbox, self.position = reading, mailbox, position
        self.number = 0

    async def run(self, answer_within: float) -> bool:
        """Read; whether there is more."""
        session = await asyncio.to_thread(ImapSession, self._mailbox.mailbox, answer_within)
        try:
            if session.validity != self.position.validity:
                self.position = ReadPosition(session.validity, 0)
            uids = await asyncio.to_thread(session.list_uids, self.position.uid)
            for uid in uids[:_MOST]:
                await self._read(session, uid)
            await asyncio.to_thread(session.close)
        finally:
            session.abort()  # ends a call that still waits in its thread
        return len(uids) > _MOST

    async def _read(self, session: ImapSession, uid: int) -> None:
        """Apply a mail, then flag it. After a fault in between both are repeated."""
        raw = await asyncio.to_thread(session.fetch, uid)
        if raw is not None:
            result = await self._reading.apply(self._mailbox, raw)
            if result in _FLAGS:
                await asyncio.to_thread(session.set_flag, uid, _FLAGS[result])
            self.number += 1
        self.position = ReadPosition(self.position.validity, uid)
