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
        reading: files are read one by one, since each may take a core and much memory. Who has
            it may hold a whole file in memory.
        uploads: files that are received or wait for `reading`.
    """

    engine: AsyncEngine
    clock: Clock
    settings: IngestSettings
    read_plan: ReadPlan
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    uploads: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Make as many places for uploads as the settings say."""
        object.__setattr__(self, "uploads", asyncio.Semaphore(self.settings.uploads))


def parts_of(request: Request) -> Parts:
    """The parts of the application that serves a request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - set by api.application alone
    return parts
