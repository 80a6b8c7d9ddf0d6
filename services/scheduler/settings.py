"""The scheduler's settings, beside those that all services share."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.base_settings import BoundedDuration, NonNegativeDuration
from shared.settings import Settings

SOURCE = "/cuiban/scheduler"
"""The CloudEvents source of the scheduler's events."""
_HALF_A_DAY = timedelta(hours=12)
"""A rule fires once a day at most, so a wait below a day never skips a slot for good."""


class SchedulerSettings(Settings):
    """The scheduler's own settings."""

    database_pool: int = Field(default=10, ge=4, le=200)
    """The relay and the tick each keep a connection; consumers and loops share the others."""
    tick_batch: int = Field(default=100, ge=1, le=5000)
    """How many units one transaction fires for."""
    replan_batch: int = Field(default=100, ge=1, le=5000)
    """How many units one transaction plans anew after a change of rules or calendar."""
    complete_within: Annotated[timedelta, Field(ge=timedelta(0), le=_HALF_A_DAY)] = timedelta(
        minutes=15
    )
    """In real time: how long a slot waits for facts that were told before it and have not arrived.
    After that it fires without them, marked as incomplete, with an error in the log."""
    skip_grace: NonNegativeDuration = timedelta(hours=1)
    """A rule with catch-up `skip` still fires when it is late by no more than this."""
    told_horizon: NonNegativeDuration = timedelta(days=3)
    """A fact is planned from when it was told, but at most from this long ago: a scheduler that
    reads years of history again must not remind of the past."""
    facts_wait: NonNegativeDuration = timedelta(days=30)
    """In real time: how long a fact about an obligation that is not known yet is kept."""
    gather: BoundedDuration = timedelta(milliseconds=20)
    """For how long events are gathered into a batch."""
    audit_every: BoundedDuration = timedelta(seconds=30)
    audit_grace: NonNegativeDuration = timedelta(minutes=10)
    """In real time: how long the notifier may take to report what a reminder became."""
    audit_days: int = Field(default=14, ge=1, le=3660)
    """How many days back the audit loop examines what has ended. It always examines what is open;
    the command examines everything."""
    audit_patience: NonNegativeDuration = timedelta(days=7)
    """In real time: how long a notification may be pending before the audit reports it. All
    attempts of the notifier together take about four days."""
