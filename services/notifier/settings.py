"""The notifier's settings, from the environment: `CUIBAN_SMTP_URL` and the like."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from services.notifier.domain.retry import WhenUnknown
from services.notifier.domain.vocabulary import SUCCESS
from shared.base_settings import BoundedDuration, NonNegativeDuration
from shared.message_settings import MessageSettings

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _parse_delays(written: object) -> object:
    """Split a list such as `PT5S PT5M` or `5s 5m`; values that are not text stay as they are.

    Pydantic parses the ISO 8601 durations.
    """
    if not isinstance(written, str):
        return written
    return tuple(_parse_delay(word) for word in re.split(r"[\s,]+", written.strip()))


def _parse_delay(word: str) -> timedelta | str:
    if match := re.fullmatch(r"(\d{1,6})([smhd])", word):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not word.startswith("P"):
        raise ValueError("write ISO 8601 durations, such as: PT5S PT5M PT2H")
    return word


def _parse_words(written: object) -> object:
    return tuple(re.findall(r"[^\s,]+", written)) if isinstance(written, str) else written


Delays = Annotated[
    tuple[NonNegativeDuration, ...], NoDecode, BeforeValidator(_parse_delays), Field(min_length=1)
]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_words)]


class NotifierSettings(MessageSettings):
    """The notifier's settings, beside those that it shares."""

    gateways: Path | None = None
    """The file of gateways (docs/gateways.schema.json); read at the start and at SIGHUP. A channel
    that it does not name has the gateway of the variables below."""
    smtp_url: SecretStr = SecretStr("")
    """`smtp://` or `smtps://`, with `user:password@` if the server requires a login. Without it (or
    `sms_url`), the channel's notifications are held until the service is started with it."""
    smtp_starttls: Literal["auto", "always", "when-offered", "never"] = "auto"
    """When an `smtp://` connection uses TLS: `always` (mail waits while the server offers no TLS),
    `when-offered` (a password may be sent unencrypted), `never`. `auto` is `always` with a
    password, so that it is never sent unencrypted, and otherwise `when-offered`."""
    smtp_ca_file: Path | None = None
    """Certificates to trust beside the system's, for a mail server with a private one; read again
    when the file changes."""
    mail_catcher: str = ""
    """`host:port` of a mail server that keeps every mail and delivers none, such as Mailpit. Mails
    that go there count as sent; the log and the readiness check state that they reach nobody."""
    mail_from: str = "政务公开办 <cuiban@cuiban.example>"
    """The sender, `Name <address>`. Its domain is the end of every Message-ID."""
    mail_calendar: bool = False
    """Whether mails to liaisons bring due dates as calendar entries (iTIP), and mails take them out
    when they are done."""
    email_connections: int = Field(default=8, ge=1, le=100)
    email_unknown: WhenUnknown = WhenUnknown.REOFFER

    sms_url: SecretStr = SecretStr("")
    sms_secret: SecretStr = SecretStr("")
    """`whsec_…`; two of them, separated by a space, while a key is rotated."""
    sms_ca_file: Path | None = None
    """As `smtp_ca_file`, for the SMS gateway."""
    sms_concurrency: int = Field(default=32, ge=1, le=500)
    sms_unknown: WhenUnknown = WhenUnknown.REOFFER
    sms_success: Words = SUCCESS
    """Values of `code`, `errcode`, `status` and the like in an answer that mean success; numbers
    are compared as numbers (`0000`), words in lower case."""
    sms_permanent: Words = ()
    """Values of the same fields that mean that no later attempt can succeed."""

    retry_delays: Delays = (
        *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
    )
    """Standard Webhooks 1.0.0, the example schedule; jitter is added."""
    unknown_pause: NonNegativeDuration = timedelta(seconds=30)
    """The shortest pause after an unknown outcome before it is sent again."""
    link_lifetime: timedelta = Field(
        default=timedelta(days=30), ge=timedelta(hours=1), le=timedelta(days=366)
    )
    """How long a link in a mail is valid, from the slot of its reminder."""

    send_timeout: BoundedDuration = timedelta(seconds=10)
    lease: BoundedDuration = timedelta(seconds=30)
    """How long a claimed notification belongs to its claimer; more than twice `send_timeout`."""
    batch: int = Field(default=500, ge=1, le=2000)
    """How many notifications are claimed, or outcomes committed, in one transaction."""
