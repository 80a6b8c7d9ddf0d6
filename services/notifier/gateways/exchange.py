"""What passes between us and a vendor over HTTP: values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """One request. Address, headers and body may contain secrets, so they are never shown."""

    url: str = field(repr=False)
    body: bytes = field(repr=False, default=b"")
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class VendorAnswer:
    """The answer to a request. The names of its headers are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VendorCall:
    """What one attempt has of its own.

    Attributes:
        now: the machine's time, which vendors compare with theirs.
        nonce: another text in each attempt.
        token: the access token, for a vendor that has one.
    """

    now: datetime
    nonce: str
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, and how long it is valid."""

    value: str = field(repr=False)
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class Push:
    """What a vendor pushed to us, and when. The names of its headers are in lower case."""

    body: bytes
    headers: Mapping[str, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class TextReply:
    """What a person answered to a short message.

    Attributes:
        reply_id: the vendor's name of it, or what tells it from others: a repeat has the same.
        mobile: as the vendor writes the number.
    """

    reply_id: str
    mobile: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a vendor reports later about an accepted message.

    Attributes:
        message_id: as the vendor named it when it accepted the message.
        address: the number; empty where the report has none.
        delivered: None while it is not known yet.
        code: the vendor's word for it.
    """

    message_id: str
    address: str
    delivered: bool | None
    code: str


@dataclass(frozen=True, slots=True)
class AcceptedMessage:
    """An accepted message whose receipt is asked for.

    Attributes:
        message_id: as the vendor named it when it accepted the message.
        address: that it was sent to.
        sent_at: when it was accepted.
    """

    message_id: str
    address: str
    sent_at: datetime
