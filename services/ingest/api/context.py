"""What the API's endpoints need; it is kept in the application's state."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ingest.extraction.source import PlanReading
from services.ingest.handlers.accounts.hashing import Hasher
from services.ingest.handlers.keeping import KeptAnswers
from services.ingest.handlers.plans.membership import DirectoryChange
from services.ingest.handlers.reports.waiting import WaitingPlan
from services.ingest.settings import IngestSettings
from services.ingest.store.row_security import limit_transactions
from shared.clock import Clock

ReadPlan = Callable[[str, bytes], PlanReading]


@dataclass(frozen=True)
class ApiContext:
    """The database, the office's clock, the limits, and the reader of documents.

    Attributes:
        hasher: of passwords.
        reading: held while a file is read: one at a time, since each may take a core and much
            memory. Its holder may keep a whole file in memory.
        uploads: held while a file is received or waits for `reading`.
        exports: held while a file is written; writing one takes a core.
        waiting: what waits of each office's plans.
        directory_changes: what the directory means for each published plan.
    """

    engine: AsyncEngine
    clock: Clock
    settings: IngestSettings
    read_plan: ReadPlan
    hasher: Hasher = field(default_factory=Hasher)
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    uploads: asyncio.Semaphore = field(init=False)
    exports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    waiting: KeptAnswers[list[WaitingPlan]] = field(default_factory=KeptAnswers)
    directory_changes: KeptAnswers[DirectoryChange] = field(default_factory=KeptAnswers)

    def __post_init__(self) -> None:
        """Allow as many uploads at once as the settings say, and limit requests to their office."""
        object.__setattr__(self, "uploads", asyncio.Semaphore(self.settings.uploads))
        if self.engine is not None:  # a description of the API needs no database
            limit_transactions(self.engine)


def get_context(request: Request) -> ApiContext:
    """The context of the application that serves a request."""
    context = request.app.state.context
    assert isinstance(context, ApiContext)  # noqa: S101 - set by api.application alone
    return context
