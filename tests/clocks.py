"""A clock that a test moves."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class ManualClock:
    """Stands still until a test sets `instant`; `ahead` is its difference to the database's."""

    instant: datetime
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return self.instant

    def measure_skew(self, database_now: datetime) -> timedelta:
        return self.ahead
