"""Mutes: an office silences reminders for a time. And which reminders did not fire, and why."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.schemas.rules import Audience, Post
from shared.schemas.values import Instant, Value


class Mute(Value):
    """No reminder is sent for what it names, in slots from `since` until before `until`.

    It names a unit, measures, a rule, or several of them: then all must be met. None means any.

    Attributes:
        measure_ids: the measures of a task, or one measure.
        muted_at: when it was recorded. It holds for later slots alone, however early `since` is.
        ended_at: when it was ended early; it still holds for the slots up to then.
    """

    mute_id: UUID
    unit_id: UUID | None = None
    measure_ids: tuple[UUID, ...] | None = None
    rule_id: str | None = None
    since: Instant
    until: Instant
    reason: str
    muted_at: Instant
    muted_by: str
    ended_at: Instant | None = None

    def is_about(self, unit_id: UUID, measure_id: UUID | None) -> bool:
        """Whether it can silence an obligation: one of its unit and its measures."""
        return self.unit_id in {None, unit_id} and (
            self.measure_ids is None or measure_id in self.measure_ids
        )

    def is_holding(self, rule_id: str, slot: datetime) -> bool:
        """Whether it holds for a rule in a slot; who asks has asked `is_about` before."""
        return (
            self.rule_id in {None, rule_id}
            and self.since <= slot < self.until
            and self.muted_at < slot
            and (self.ended_at is None or slot <= self.ended_at)
        )


class NotFiredReason(StrEnum):
    """Why the scheduler sent no reminder for an occurrence."""

    MUTED = "muted"
    INHIBITED = "inhibited"
    """Another post of the unit was told, and the rule then leaves this one out."""
    CATCH_UP = "catch-up"
    """It fell into an outage, and the rule's catch-up left it out."""
    NO_UNIT = "no-unit"
    """There is no unit whose post the rule names, such as a lead unit."""


class NotFired(Value):
    """An occurrence of a rule for one obligation that was not sent to some audiences.

    `mute_id`, `actor` and `note` are those of a mute: who muted it, and the reason. `of`: whose
    posts the audiences are.
    """

    obligation_id: UUID
    rule_id: str
    slot: Instant
    audiences: tuple[Audience, ...]
    reason: NotFiredReason
    mute_id: UUID | None = None
    actor: str = ""
    note: str = ""
    of: Post = Post.UNIT
