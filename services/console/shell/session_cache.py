"""What is remembered of a session for a few seconds, so that not every page asks the API for it."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

from shared.clock import monotonic

T = TypeVar("T")
_MOST = 10_000


class SessionCache(Generic[T]):
    """Remembers a value of each session, by the digest of its token.

    Only what is shown may come from here: the API checks each request by itself.
    """

    def __init__(self, remember: timedelta) -> None:
        self._seconds = remember / timedelta(seconds=1)
        self._kept: dict[bytes, tuple[float, T]] = {}

    async def get(self, token: str, fetch: Callable[[], Awaitable[T]]) -> T:
        """The value of a session; fetched when none is remembered, and with the error of that."""
        digest = hashlib.sha256(token.encode()).digest()
        kept = self._kept.get(digest)
        if kept is not None and monotonic() < kept[0]:
            return kept[1]
        value = await fetch()
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[digest] = (monotonic() + self._seconds, value)
        return value

    def drop(self, token: str) -> None:
        """Forget the value of a session, because the session ended or its person changed."""
        self._kept.pop(hashlib.sha256(token.encode()).digest(), None)
