"""How sign-in slows down and locks, for an account and for an address."""

from dataclasses import dataclass
from datetime import timedelta

FORGOTTEN_AFTER = timedelta(days=1)
"""Failures are forgotten when there was none for so long."""


@dataclass(frozen=True, slots=True)
class SignInLimit:
    """After `free` failures each further one doubles the pause, from a second on; then a lock.

    Attributes:
        free: failures without a pause.
        locks_at: the failure from which each brings the whole `lock`.
        lock: the longest pause.
    """

    free: int
    locks_at: int
    lock: timedelta

    def compute_pause(self, failures: int) -> timedelta:
        """How long nobody may try again after this many failures."""
        if failures >= self.locks_at:
            return self.lock
        over = failures - self.free
        seconds = min(2 ** (over - 1), self.lock.total_seconds()) if over > 0 else 0
        return timedelta(seconds=seconds)


ACCOUNT = SignInLimit(free=3, locks_at=10, lock=timedelta(minutes=15))
"""At most 96 guesses a day for one account, wherever they come from."""
CODE = SignInLimit(free=3, locks_at=6, lock=timedelta(hours=1))
"""At most 29 guesses a day for the code of one mobile number, of which there are 100 million."""
ADDRESS = SignInLimit(free=50, locks_at=100, lock=timedelta(minutes=15))
"""An office behind one address signs in within a few minutes; guessing many names is stopped."""
