"""What ingest reads from the environment beside what every service reads."""

from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.settings import BoundedDuration, NonNegativeDuration, Settings


def _local(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("write it without an offset, like 02:00")
    return at


class IngestSettings(Settings):
    """Where people and systems reach ingest, and how much it takes at once."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    """0 takes a free port, which the log names."""
    document_limit: int = Field(default=20 * 2**20, ge=1024)
    """Bytes of an uploaded file. The readers take no larger one."""
    uploads: int = Field(default=4, ge=1, le=100)
    """Files that lie in the temporary folder at once, to be received or read; others wait."""
    uploads_wait: BoundedDuration = timedelta(minutes=2)
    """How long a request waits for its turn to send a file before it is sent away."""
    reading_time: timedelta = Field(
        default=timedelta(seconds=120), ge=timedelta(seconds=1), le=timedelta(hours=1)
    )
    """How long the process that reads a file may take, its start included."""
    reading_memory: int = Field(default=640 * 2**20, ge=64 * 2**20)
    """Bytes that the process that reads a file may take. 5,000 rows take up to 500 MB."""
    body_limit: int = Field(default=2**20, ge=1024)
    """Bytes of any other request."""
    publish_limit: int = Field(default=2_000_000, ge=1)
    """Obligations that one publication may make; more is a mistake in a plan, or an attack."""
    expected_at: Annotated[time, AfterValidator(_local)] = time(2)
    """The office's time of day from which the last days' reminders are compared with the ledger."""
    expected_days: int = Field(default=7, ge=1, le=366)
    """How many days back a night compares, so that a night that was missed is made up for."""
    expected_tolerance: NonNegativeDuration = timedelta(minutes=2)
    """A fact that is told so close before a slot may be known to the scheduler there or not."""
    expected_grace: NonNegativeDuration = timedelta(minutes=20)
    """A slot is not compared before it is so old: the scheduler may wait a quarter of an hour for
    facts before it fires, and its reminders may still be on their way."""
    expected_every: BoundedDuration = timedelta(minutes=1)
    """How often it is looked whether a night's comparison is due."""
