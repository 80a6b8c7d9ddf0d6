"""Sends a new link to each contact who asked for one, at the address that the directory has."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.notifier.dispatch.mail_loop import find_held_of_mail, run_mail_loop
from services.notifier.dispatch.texts import find_template, render_own
from services.notifier.domain.fanout import get_zone
from services.notifier.domain.message import (
    Content,
    Message,
    MessageAccepted,
    MessageRefused,
    OutcomeUnknown,
)
from services.notifier.domain.portal import Guest, Portal
from services.notifier.gateways.switched import SwitchedGateway
from services.notifier.rendering.mail import render_link_mail
from services.notifier.rendering.own import render_own_link_mail
from services.notifier.store import directory, link_requests
from services.notifier.store.link_requests import ClaimedRequest, RequestState
from services.notifier.store.templates import list_templates
from shared.database.trusted_clock import TrustedClock
from shared.logging import log
from shared.messages.recipients import select_holders
from shared.messages.wording import Door, clean
from shared.schemas.rules import Channel
from shared.schemas.templates import TemplateKind

_POLL = 1.0
"""Seconds between looks while there is nothing to send: a person waits for the mail."""
_USEFUL_FOR = timedelta(days=1)
"""A mail that could not be sent for so long answers nobody any more."""


@dataclass(frozen=True, slots=True)
class LinkMails:
    """The loop that sends them.

    Attributes:
        lease: how long an attempt may take before another process makes it again.
        pauses: before the second attempt, the third, and so on; the last one repeats.
    """

    engine: AsyncEngine
    gateway: SwitchedGateway
    clock: TrustedClock
    portal: Portal
    lease: timedelta
    pauses: tuple[timedelta, ...]

    async def run(self) -> None:
        """Send until cancelled; after an error the next look tries again."""
        await run_mail_loop("link-mails", self.send_next, self.gateway, _POLL)

    async def send_next(self) -> bool:
        """Make one attempt for the request that has waited longest; False when none is due."""
        async with self.engine.begin() as db:
            held = await find_held_of_mail(db, self.gateway.name)
            if held.every:
                return False
            request = await link_requests.claim_request(db, self.lease, held.ids)
            message = await self._write(db, request) if request else None
        if request is None:
            return False
        state, pause = RequestState.DROPPED, None
        if message is not None:
            state, pause = await self._send(request, message)
        async with self.engine.begin() as db:
            if pause is not None:
                await link_requests.postpone(db, request.request_id, pause)
            else:
                await link_requests.end_request(db, request.request_id, state)
        log(__name__).info(
            "link.answered",
            request_id=str(request.request_id),
            unit_id=str(request.unit_id),
            state=state.value,
        )
        return True

    async def _send(
        self, request: ClaimedRequest, message: Message
    ) -> tuple[RequestState, timedelta | None]:
        """Offer the mail; its state, and the pause before another attempt if there is one."""
        match await self.gateway.send(message):
            case MessageAccepted():
                return RequestState.SENT, None
            case MessageRefused(permanent=True):
                return RequestState.FAILED, None
            case MessageRefused() | OutcomeUnknown():
                pause = self.pauses[min(request.attempts, len(self.pauses)) - 1]
                return RequestState.PENDING, pause
            case outcome:
                assert_never(outcome)

    async def _write(self, db: AsyncConnection, request: ClaimedRequest) -> Message | None:
        """The mail; None when the contact has no address now, or the request is too old."""
        zone = get_zone(request.timezone)
        names = await link_requests.find_names(db, request.unit_id)
        address = await self._find_address(db, request, zone)
        if names is None or not address or request.age > _USEFUL_FOR:
            return None
        unit, office = names
        door = self._make_door(request, address, zone)
        content = await self._render(db, request.office_id, office, unit, door)
        return Message(request.request_id, address, clean(unit), content)

    async def _render(
        self, db: AsyncConnection, office_id: UUID, office: str, unit: str, door: Door
    ) -> Content:
        """The text, by the office's own template where it has one."""
        kind = TemplateKind.LINK_MAIL
        own = find_template({t.name: t for t in await list_templates(db, [office_id], kind)})
        if own is not None:
            run = partial(render_own_link_mail, own.parts, office, unit, door)
            if (content := render_own(own, run)) is not None:
                return content
        return render_link_mail(office, unit, door)

    async def _find_address(
        self, db: AsyncConnection, request: ClaimedRequest, zone: ZoneInfo
    ) -> str:
        of_units = await directory.get_recipients(db, [request.unit_id])
        recipients = of_units.get(request.unit_id, [])
        now = await self.clock.now(db)
        holder = select_holders(recipients, now, zone, now).get(request.contact_id)
        return holder.get_address(Channel.EMAIL) if holder else ""

    def _make_door(self, request: ClaimedRequest, address: str, zone: ZoneInfo) -> Door:
        """The new link. It is the same in each attempt, since the request's instant dates it."""
        guest = Guest(request.office_id, request.unit_id, request.contact_id, address)
        name: UUID = request.request_id
        return self.portal.make_link(guest, name, request.requested_at, zone)
