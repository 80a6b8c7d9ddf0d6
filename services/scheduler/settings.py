"""What the scheduler reads from the environment beside the settings that all services share."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from shared.settings import BoundedDuration, NonNegativeDuration, Settings

_HALF_A_DAY = timedelta(hours=12)
"""A rule fires once a day at most, so no slot is passed over for ever by waiting for the next."""


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
    """In real time: how long a slot waits for facts that were told before it and are still on
    their way. After that it fires without them, marked as incomplete, with an error in the log."""
    skip_grace: NonNegativeDuration = timedelta(hours=1)
    """A rule with catch-up `skip` still fires when it is late by no more than this."""
    told_horizon: NonNegativeDuration = timedelta(days=3)
    """A fact is planned from when it was told, but from no longer ago than this: a scheduler
    that reads years of history again must not remind of the past."""
    facts_wait: NonNegativeDuration = timedelta(days=30)
    """In real time: how long a fact about an obligation that nobody has told of yet is kept."""
    gather: BoundedDuration = timedelta(milliseconds=20)
    """For how long events are gathered into a batch."""
    audit_every: BoundedDuration = timedelta(seconds=30)
    audit_grace: NonNegativeDuration = timedelta(minutes=10)
    """In real time: how long the notifier may take to tell what a reminder became."""
    audit_days: int = Field(default=14, ge=1, le=3660)
    """How many days back the audit loop looks at what has ended; what is open it always looks at,
    and the command looks at all."""
    audit_patience: NonNegativeDuration = timedelta(days=7)
    """In real time: how long a notification may be pending before the audit names it. All of the
    notifier's attempts together take some four days."""
