"""What ingest reads from the environment beside what every service reads."""

from datetime import timedelta

from pydantic import Field

from shared.settings import Pause, Settings


class IngestSettings(Settings):
    """Where people and systems reach ingest, and how much it takes at once."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    """0 takes a free port, which the log names."""
    document_limit: int = Field(default=20 * 2**20, ge=1024)
    """Bytes of an uploaded file. The readers take no larger one."""
    uploads: int = Field(default=4, ge=1, le=100)
    """Files that lie in the temporary folder at once, to be received or read; others wait."""
    uploads_wait: Pause = timedelta(minutes=2)
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
