"""The notifier's settings, from the environment: `CUIBAN_SMTP_URL` and the like."""

import re
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from services.notifier.policy.retry import WhenUnknown
from services.notifier.policy.stages import QuietHours
from shared.schemas.rules import Channel
from shared.settings import BoundedDuration, NonNegativeDuration, Settings

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


def _quiet(written: object) -> object:
    """`21:00-07:30` as quiet hours; an empty text means none."""
    if not isinstance(written, str):
        return written
    if written.strip() in {"", "none"}:
        return None
    begin, _, end = written.partition("-")
    try:
        return QuietHours(time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()))
    except ValueError as error:  # its own text repeats what was written
        raise ValueError("write quiet hours like: 21:00-07:30") from error


def _words(written: object) -> object:
    return tuple(re.findall(r"[^\s,]+", written)) if isinstance(written, str) else written


def _channels(written: object) -> object:
    """`sms email` as channels; an empty text means none."""
    if not isinstance(written, str):
        return written
    try:
        return frozenset(Channel(word.lower()) for word in re.findall(r"[^\s,]+", written))
    except ValueError as error:  # its own text repeats what was written
        raise ValueError(f"write channels, of these: {' '.join(Channel)}") from error


Delays = Annotated[
    tuple[NonNegativeDuration, ...], NoDecode, BeforeValidator(_parse_delays), Field(min_length=1)
]
Quiet = Annotated[QuietHours | None, NoDecode, BeforeValidator(_quiet)]
Channels = Annotated[frozenset[Channel], NoDecode, BeforeValidator(_channels)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class NotifierSettings(Settings):
    """What the notifier needs beside what every service needs."""

    smtp_url: SecretStr = SecretStr("")
    """`smtp://` or `smtps://`, with `user:password@` where the server asks for them. Without it,
    as without `sms_url`, what would go there is held until the service is started with it."""
    channels_off: Channels = frozenset()
    """Channels that nothing is to go out on (`sms`): what is due there ends as suppressed,
    channel-off. Beats a gateway that is named."""
    smtp_starttls: Literal["auto", "always", "when-offered", "never"] = "auto"
    """When TLS begins on an `smtp://` connection: `always` (a server that offers none rests, and
    nothing is lost), `when-offered` (without it when not, even with a password), `never`; `auto` is
    `always` where there is a password, so that it never goes in clear, and else `when-offered`."""
    smtp_ca_file: Path | None = None
    """Certificates to trust beside the system's, for a mail server with one of its own."""
    mail_from: str = "政务公开办 <cuiban@cuiban.example>"
    """The sender, `Name <address>`. Its domain ends every Message-ID."""
    email_connections: int = Field(default=8, ge=1, le=100)
    email_unknown: WhenUnknown = WhenUnknown.REOFFER

    sms_url: SecretStr = SecretStr("")
    sms_secret: SecretStr = SecretStr("")
    """`whsec_…`; two of them, with a space between, while a key is rotated."""
    sms_signature: str = Field(default="政务公开", max_length=18)
    """The registered signature, written 【…】 before the text; empty if the gateway adds it."""
    sms_concurrency: int = Field(default=32, ge=1, le=500)
    sms_unknown: WhenUnknown = WhenUnknown.REOFFER
    sms_success: Words = (
        *("0", "200", "201", "202", "true", "ok", "success", "succeed", "succeeded", "accepted"),
        *("queued", "sent", "submitted", "pending", "sending", "processing", "scheduled"),
        *("created", "completed", "delivered"),
    )
    """Values of `code`, `errcode`, `status` and the like in an answer that mean success; numbers
    are compared as numbers (`0000`), words in lower case."""
    sms_permanent: Words = ()
    """Values of the same fields that no later attempt can mend."""

    retry_delays: Delays = (
        *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
    )
    """Standard Webhooks 1.0.0, the example schedule; jitter is added."""
    unknown_pause: NonNegativeDuration = timedelta(seconds=30)
    """At least this long after an unknown outcome before it is offered again."""
    quiet_email: Quiet = None
    quiet_sms: Quiet = QuietHours(time(21, 0), time(7, 30))
    rate_limit: int = Field(default=0, ge=0)
    """Notifications to one contact on one channel within `rate_window`; 0 means any number."""
    rate_window: NonNegativeDuration = timedelta(days=1)
    useful_for: NonNegativeDuration | None = None
    """How long after its slot a reminder without overdue items is still worth sending."""

    send_timeout: BoundedDuration = timedelta(seconds=10)
    lease: BoundedDuration = timedelta(seconds=30)
    """How long a claimed notification is left to its claimer; more than twice `send_timeout`."""
    batch: int = Field(default=500, ge=1, le=2000)
    """Notifications claimed, and outcomes committed, in one transaction."""
