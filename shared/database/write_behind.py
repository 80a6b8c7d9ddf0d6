"""Write-behind: PostgreSQL executes a write while Python prepares the next one."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class WriteBehind:
    """The writes of one connection, one at a time and in order.

    The error of a write is raised by the next call, or at the end of the block, which waits for the
    last write. When the block itself fails, the running write is cancelled.
    """

    def __init__(self) -> None:
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None
    ) -> None:
        if kind is not None and self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            return
        await self.flush()

    async def flush(self) -> None:
        """Wait for the running write; the connection is free then."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def write(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a write as soon as the last one has ended."""
        try:
            await self.flush()
        except BaseException:
            work.close()
            raise
        self._writing = asyncio.create_task(work)
