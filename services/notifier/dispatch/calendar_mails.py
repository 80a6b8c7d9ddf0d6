"""Sends the mails that take due dates out of calendars when nothing is owed any more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch.mail_loop import find_held_of_mail, run_mail_loop
from services.notifier.domain.calendar_entries import CalendarEntry
from services.notifier.domain.message import (
    Content,
    Message,
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
)
from services.notifier.gateways.switched import SwitchedGateway
from services.notifier.rendering.mail import render_cancellation
from services.notifier.store import calendar_entries, link_requests
from shared.logging import log
from shared.messages.wording import clean
from shared.schemas import identity

_POLL = 5.0
"""Seconds between looks while nothing is to be cancelled."""
_MOST_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class CalendarMails:
    """The loop that sends them.

    Attributes:
        lease: how long an attempt may take before another process makes it again.
        pauses: before the second attempt, the third, and so on; the last one repeats.
    """

    engine: AsyncEngine
    gateway: SwitchedGateway
    lease: timedelta
    pauses: tuple[timedelta, ...]

    async def run(self) -> None:
        """Send until cancelled; after an error the next look tries again."""
        await run_mail_loop("calendar-mails", self.send_next, self.gateway, _POLL)

    async def send_next(self) -> bool:
        """Make one attempt for one contact; False when none is due."""
        async with self.engine.begin() as db:
            held = await find_held_of_mail(db, self.gateway.name)
            if held.every:
                return False
            entries, attempts = await calendar_entries.claim_ending(db, self.lease, held.ids)
            cancelled = [entry.cancel() for entry in entries]
            message = await self._write(db, cancelled) if entries else None
        if not entries:
            return False
        done = True
        if message is not None:
            done = await self._send(message) or attempts >= _MOST_ATTEMPTS
        async with self.engine.begin() as db:
            if done:
                await calendar_entries.end(db, cancelled)
            else:
                pause = self.pauses[min(attempts, len(self.pauses)) - 1]
                await calendar_entries.postpone(db, entries, pause)
        log(__name__).info(
            "calendar.cancelled", unit_id=str(entries[0].unit_id), entries=len(entries), done=done
        )
        return True

    async def _send(self, message: Message) -> bool:
        """Offer the mail; whether nothing more is to be done about it."""
        match await self.gateway.send(message):
            case MessageAccepted() | MessageRefused(permanent=True):
                return True
            case MessageRefused() | OutcomeUnknown():
                return False
            case outcome:
                assert_never(outcome)

    async def _write(self, db: AsyncConnection, entries: list[CalendarEntry]) -> Message | None:
        """The mail, the same in each attempt; None when the unit is not known."""
        first = entries[0]
        names = await link_requests.find_names(db, first.unit_id)
        if names is None:
            return None
        unit, office = names
        content: Content = render_cancellation(office, unit, entries)
        parts = [f"{entry.obligation_id}:{entry.sequence}" for entry in entries]
        name = identity.derive_id("calendar-cancellation", first.contact_id, *parts)
        return Message(name, first.address, clean(unit), content)
