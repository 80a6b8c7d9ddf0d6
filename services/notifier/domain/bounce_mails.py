"""Reads a mail of the bounces' mailbox: whether it is a bounce, of which message, what it says.

Anyone can send a mail there, so every part of it is hostile input: nothing raises. Sources: RFC
3464 (delivery status), RFC 6533 (the same outside of ASCII), RFC 3834 (automatic answers).
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail
from email.utils import parseaddr
from enum import Enum
from quopri import decodestring

from services.notifier.domain.bounce_marks import BounceMark, BounceMarks
from services.notifier.domain.bounces import BounceAction, RecipientStatus
from shared.messages.wording import clean

_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED_TYPES = {
    "message/rfc822",
    "text/rfc822-headers",
    "message/global",
    "message/global-headers",
}
_ADDRESSED = ("to", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_ANSWERED = ("in-reply-to", "references", "x-failed-message-id")
_MAILERS = {"mailer-daemon", "postmaster", "mail-daemon"}
_MOST_PARTS, _MOST_RECIPIENTS, _LONGEST_VALUE = 100, 100, 2000
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class MailKind(Enum):
    """What a mail is."""

    BOUNCE = "bounce"
    UNREADABLE = "unreadable"
    """A mail server wrote it, and it has no delivery status that can be read."""
    OTHER = "other"
    """An automatic answer, a person's answer, advertising."""


@dataclass(frozen=True, slots=True)
class BounceMail:
    """A mail as read. `mark`: of the message that it is about; None when it has no genuine one."""

    kind: MailKind
    mark: BounceMark | None = None
    statuses: tuple[RecipientStatus, ...] = ()


def read_bounce_mail(raw: bytes, marks: BounceMarks) -> BounceMail:
    """What a mail says, of which the end may be missing."""
    try:
        return _read(message_from_bytes(raw), marks)
    except Exception:  # noqa: BLE001 - the parser raises many kinds on hostile input
        return BounceMail(MailKind.UNREADABLE)


def _read(mail: Mail, marks: BounceMarks) -> BounceMail:
    parts = [part for _, part in zip(range(_MOST_PARTS), mail.walk(), strict=False)]
    statuses = tuple(_list_statuses(parts))
    if not statuses:
        return BounceMail(MailKind.UNREADABLE if _is_of_mailer(mail) else MailKind.OTHER)
    return BounceMail(MailKind.BOUNCE, marks.find(_list_marked(mail, parts)), statuses)


def _is_of_mailer(mail: Mail) -> bool:
    """Whether a mail server wrote it, and not as an automatic answer in a person's name."""
    if _get(mail, "auto-submitted").lower().startswith("auto-replied"):
        return False
    if mail.get_content_type() == "multipart/report":
        return str(mail.get_param("report-type")).lower() == "delivery-status"
    return parseaddr(_get(mail, "from"))[1].partition("@")[0].lower() in _MAILERS


def _list_statuses(parts: Iterable[Mail]) -> Iterator[RecipientStatus]:
    """The recipients of the first part that has any."""
    for part in parts:
        if part.get_content_type() in _STATUS_TYPES:
            fields = (_read_recipient(block) for block in _list_blocks(part))
            statuses = [each for each in fields if each is not None]
            if statuses:
                yield from statuses[:_MOST_RECIPIENTS]
                return


def _list_blocks(part: Mail) -> Iterator[Mail]:
    """The groups of fields of a delivery status; empty lines divide them."""
    payload = part.get_payload()
    for block in payload if isinstance(payload, list) else [payload]:
        if isinstance(block, Mail):
            if block.keys():
                yield block
            block = block.get_payload()  # noqa: PLW2901 - what follows its fields
        if isinstance(block, str) and block.strip():
            text = _decode_text(block, _get(part, "content-transfer-encoding").lower())
            for lines in re.split(r"\r?\n[ \t]*\r?\n", text):
                yield message_from_string(lines.strip())


def _decode_text(text: str, encoding: str) -> str:
    with suppress(ValueError):
        if encoding == "base64":
            return b64decode(text).decode("utf-8", "replace")
        if encoding == "quoted-printable":
            return decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    return text


def _read_recipient(block: Mail) -> RecipientStatus | None:
    """The status of a recipient; None for the fields of the whole message."""
    named = [_get(block, name) for name in ("final-recipient", "original-recipient")]
    if not any(named):
        return None
    addresses = [value.rpartition(";")[2].strip().strip("<>").lower() for value in named]
    status = _STATUS.search(_get(block, "status"))
    return RecipientStatus(
        addresses=tuple(filter(None, addresses)),
        action=_read_action(_get(block, "action")),
        status=status[1] if status else "",
        diagnostic=_get(block, "diagnostic-code").partition(";")[2].strip()
        or _get(block, "diagnostic-code"),
    )


def _read_action(written: str) -> BounceAction | None:
    word = written.partition("(")[0].strip().lower()
    return BounceAction(word) if word in set(BounceAction) else None


def _list_marked(mail: Mail, parts: Iterable[Mail]) -> Iterator[str]:
    """The texts that may have the mark, the surest first: envelope, returned mail, references."""
    for name in _ADDRESSED:
        yield from _list_values(mail, name)
    for part in parts:
        if part.get_content_type() in _RETURNED_TYPES:
            for returned in _list_returned(part):
                yield _get(returned, "return-path")
                yield _get(returned, "message-id")
        elif part.get_content_type() in _STATUS_TYPES:
            for block in _list_blocks(part):
                yield _get(block, "original-message-id")
                yield _get(block, "x-original-message-id")
    for name in _ANSWERED:
        yield from _list_values(mail, name)


def _list_returned(part: Mail) -> Iterator[Mail]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (each for each in payload if isinstance(each, Mail))
    elif isinstance(payload, str):
        yield message_from_string(
            _decode_text(payload, _get(part, "content-transfer-encoding").lower())
        )


def _get(mail: Mail, name: str) -> str:
    return next(_list_values(mail, name), "")


def _list_values(mail: Mail, name: str) -> Iterator[str]:
    """The values of a header in one line each, encoded words decoded where they can be."""
    for key, value in mail.raw_items():
        if key.lower() == name:
            text = _decode_raw(str(value)[:_LONGEST_VALUE])
            with suppress(HeaderParseError, LookupError, ValueError):
                text = str(make_header(decode_header(text)))
            yield clean(text)


def _decode_raw(value: str) -> str:
    """A header's text: its bytes outside of ASCII, which the parser kept, are UTF-8 or GBK."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
