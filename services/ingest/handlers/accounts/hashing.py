"""Password hashes in threads, two at once: each takes 64 MiB and a tenth of a second."""

import asyncio

from services.ingest.domain import passwords

_AT_ONCE = 2


class Hasher:
    """Computes and verifies password hashes beside the event loop."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """The hash of a password."""
        async with self._turns:
            return await asyncio.to_thread(passwords.hash_password, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether a password has this hash; without a hash no, after the same time."""
        async with self._turns:
            return await asyncio.to_thread(passwords.verify_password, stored, password)
