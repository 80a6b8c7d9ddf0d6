"""What ingest reads from the environment beside what every service reads."""

from pydantic import Field

from shared.settings import Settings


class IngestSettings(Settings):
    """Where people and systems reach ingest, and how much it takes at once."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    """0 takes a free port, which the log names."""
    document_limit: int = Field(default=50 * 2**20, ge=1024)
    """Bytes of an uploaded file."""
    body_limit: int = Field(default=2**20, ge=1024)
    """Bytes of any other request."""
    publish_limit: int = Field(default=2_000_000, ge=1)
    """Obligations that one publication may make; more is a mistake in a plan, or an attack."""
