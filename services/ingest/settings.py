"""The settings of ingest, besides those of every service."""

import json
from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from services.ingest.domain.identity_providers import IdentityProvider
from shared.base_settings import BoundedDuration, NonNegativeDuration
from shared.message_settings import MessageSettings


def _require_local(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("请勿写时区。Write it without an offset, like 02:00")
    return at


def _parse_json(written: object) -> object:
    """The value of a JSON text; values that are not text stay as they are."""
    if not isinstance(written, str):
        return written
    try:
        return json.loads(written)
    except ValueError as error:  # the error's own text contains the value
        raise ValueError(
            '请写 JSON。Write JSON, such as: {"office": {"issuer": "https://…", …}}'
        ) from error


IdentityProviders = Annotated[dict[str, IdentityProvider], NoDecode, BeforeValidator(_parse_json)]


class IngestSettings(MessageSettings):
    """The address of ingest's API, and its limits."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    """0 chooses a free port, which the log names."""
    document_limit: int = Field(default=20 * 2**20, ge=1024)
    """Bytes of an uploaded file at most."""
    evidence_limit: int = Field(default=20 * 2**20, ge=1024, le=200 * 2**20)
    """Bytes of a file of evidence at most; it is held in memory while it is stored."""
    uploads: int = Field(default=4, ge=1, le=100)
    """Files in the temporary folder at once, while they are received or read; others wait."""
    uploads_wait: BoundedDuration = timedelta(minutes=2)
    """How long a request waits for its turn to send a file before it is refused."""
    reading_time: timedelta = Field(
        default=timedelta(seconds=120), ge=timedelta(seconds=1), le=timedelta(hours=1)
    )
    """How long the process that reads a file may run, its start included."""
    reading_memory: int = Field(default=640 * 2**20, ge=64 * 2**20)
    """Bytes of memory of the process that reads a file. 5,000 rows take up to 500 MB."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses of reverse proxies, separated by commas, whose `X-Forwarded-For` is believed: it
    tells from where somebody signs in. `*` trusts every one."""
    session_idle: timedelta = Field(
        default=timedelta(minutes=30), ge=timedelta(minutes=1), le=timedelta(days=7)
    )
    """A signed-in person who does nothing for so long must sign in again."""
    session_lifetime: timedelta = Field(
        default=timedelta(hours=12), ge=timedelta(minutes=1), le=timedelta(days=30)
    )
    """After so long every signed-in person must sign in again: a working day."""
    identity_providers: IdentityProviders = Field(default_factory=dict)
    """The OpenID Connect providers, by the short names of the offices, as JSON."""
    link_delay: NonNegativeDuration = timedelta(seconds=1)
    """How long after its request a link or a code is refused, whatever is wrong with it."""
    link_session: timedelta = Field(
        default=timedelta(minutes=30), ge=timedelta(minutes=1), le=timedelta(hours=12)
    )
    """How long a contact may answer before the link must be opened again."""
    body_limit: int = Field(default=2**20, ge=1024)
    """Bytes of any other request."""
    publish_limit: int = Field(default=2_000_000, ge=1)
    """Obligations of one publication at most; more are a mistake in a plan, or an attack."""
    expected_at: Annotated[time, AfterValidator(_require_local)] = time(2)
    """The office's time of day from which the nightly audit of reminders is due."""
    expected_days: int = Field(default=7, ge=1, le=366)
    """How many days a nightly audit covers, so that it makes up for nights that were missed."""
    expected_tolerance: NonNegativeDuration = timedelta(minutes=2)
    """The scheduler may or may not know a fact that was published so shortly before a slot."""
    expected_grace: NonNegativeDuration = timedelta(minutes=20)
    """A slot is compared only once it is this old: the scheduler may wait a quarter of an hour for
    facts before it fires, and its reminders then take time to arrive."""
    expected_every: BoundedDuration = timedelta(minutes=1)
    """How often to check whether a nightly audit is due."""
