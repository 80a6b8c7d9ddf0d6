"""The settings of the console."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from shared.base_settings import BoundedDuration, NonNegativeDuration, ProcessSettings

_ADDRESS = r"^(https?://[!-~]+[^/\s])?$"


class ConsoleSettings(ProcessSettings):
    """Where the pages are served, and where ingest's API is."""

    api: str = Field(default="http://127.0.0.1:8080", pattern=_ADDRESS, min_length=1)
    """The address of ingest's API, without a slash at its end."""
    api_ca_file: Path | None = None
    """The authorities of the API's certificate, where its address is https with a private one; read
    again when the file changes."""
    api_patience: BoundedDuration = timedelta(minutes=5)
    """How long a page waits for an answer of the API; reading a large file takes minutes."""
    console_host: str = "127.0.0.1"
    console_port: int = Field(default=8090, ge=0, le=65535)
    """0 takes a free port, which the log names."""
    console_url: str = Field(default="", pattern=_ADDRESS)
    """The public address of the pages, such as `https://cuiban.example.gov.cn`, where a reverse
    proxy does not pass on the name and the scheme of the request. With https cookies are
    `Secure`."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses of reverse proxies, separated by commas, whose `X-Forwarded-For` and
    `X-Forwarded-Proto` are believed. `*` trusts every one."""
    console_remember: NonNegativeDuration = timedelta(seconds=5)
    """How long the console remembers who a session belongs to, and what the filters of the ledger
    offer, before it asks the API again. The API itself checks every request."""
    document_limit: int = Field(default=20 * 2**20, ge=1024)
    """Bytes of an uploaded file at most; as in ingest."""
    body_limit: int = Field(default=2**20, ge=1024)
    """Bytes of any other request; as in ingest."""
