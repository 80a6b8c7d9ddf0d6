"""Exponential back-off: pauses between retries, up to a bound."""

import asyncio
import random


class Backoff:
    """The pauses between the retries of an operation, in seconds.

    Each is twice the one before, up to `longest`. A pause is shortened at random by up to a
    quarter, so that several processes do not retry in step.
    """

    def __init__(self, first: float = 0.2, longest: float = 5.0) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def draw_pause(self) -> float:
        """The next pause in seconds."""
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause * random.uniform(0.75, 1)  # noqa: S311 - spreads load, keeps no secret

    def reset(self) -> None:
        """Begin with the first pause again, after a success."""
        self._next = self._first

    async def wait(self) -> None:
        """Sleep for the next pause."""
        await asyncio.sleep(self.draw_pause())
