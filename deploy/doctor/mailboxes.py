"""Checks of the mailboxes where bounces arrive: each opens. Nothing in them is changed."""

import asyncio
from datetime import datetime

from deploy.doctor.certificates import judge_end, read_end
from deploy.doctor.checking import CheckState, Finding, Report
from deploy.terminal.language import _
from services.notifier.gateways.building import WatchedMailbox, build_mailboxes
from services.notifier.gateways.imap import ImapError, ImapSession
from services.notifier.settings import NotifierSettings
from shared.errors import CuibanError

_WITHIN = 4.0  # seconds for each answer


async def check_mailboxes(settings: NotifierSettings) -> Report:
    """Whether each mailbox opens with its password and folder, and its certificate's end."""
    try:
        mailboxes = build_mailboxes(settings)
    except CuibanError:
        saw = _("The file of gateways is not valid.")
        return [Finding("mailbox", "", CheckState.SKIPPED, saw)]
    if not mailboxes:
        return [Finding("mailbox", "", CheckState.SKIPPED, _("No mailbox of bounces is named."))]
    return await asyncio.gather(*(_try_mailbox(each) for each in mailboxes))


async def _try_mailbox(watched: WatchedMailbox) -> Finding:
    mailbox, about = watched.mailbox, watched.gateway
    place = f"{mailbox.host}:{mailbox.get_port()}"
    try:
        valid_until = await asyncio.to_thread(_open, watched)
    except ImapError as error:
        saw = _("{place} lets nobody in, or does not answer ({error}): no bounce is read.").format(
            place=place, error=error
        )
        todo = _("See `bounces` in the file of gateways: host, security, user, password, folder.")
        return Finding("mailbox", about, CheckState.FAILED, saw, todo)
    saw = _("{place}: the folder {folder} opens.").format(place=place, folder=mailbox.folder)
    if valid_until:
        return judge_end("mailbox", about, valid_until, saw)
    plain = _("Without TLS.")
    return Finding("mailbox", about, CheckState.OK, f"{saw} {plain}")


def _open(watched: WatchedMailbox) -> datetime | None:
    """Open the folder and leave; the end of the server's certificate, None without TLS."""
    session = ImapSession(watched.mailbox, _WITHIN)
    try:
        return read_end(session.get_tls())
    finally:
        session.close()
