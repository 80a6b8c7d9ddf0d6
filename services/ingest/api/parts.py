"""What the API works with; it stands in the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.extraction.models import ParsedPlan
from services.ingest.settings import IngestSettings
from shared.clock import Clock

ReadPlan = Callable[[str, bytes], ParsedPlan]


@dataclass(frozen=True)
class Parts:
    """The database, the office's clock, the limits, and the reader of documents.

    Attributes:
        reading: documents are read one by one: PDFium is not thread-safe, and each may take a core.
    """

    engine: AsyncEngine
    clock: Clock
    settings: IngestSettings
    read_plan: ReadPlan
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves a request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - set by api.application alone
    return parts
