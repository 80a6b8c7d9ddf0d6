"""The closed sets of words of plans, settlements and revisions."""

from enum import StrEnum


class PlanStatus(StrEnum):
    """How far a plan, or a revision of one, has come."""

    DRAFT = "draft"
    PUBLISHED = "published"
    REVISION = "revision"
    """A revised document that is not confirmed yet."""
    CONFIRMED = "confirmed"
    """A revision that was applied to its plan."""
    WITHDRAWN = "withdrawn"
    """A plan that a person withdrew after its publication."""


class SettlementAction(StrEnum):
    """How a person settled a measure."""

    ACCEPT = "accept"
    CHANGE = "change"
    DROP = "drop"


class Pairing(StrEnum):
    """How it was decided which measure of the plan a measure of a revision is."""

    MATCHED = "matched"
    """By its words."""
    PERSON = "person"
    NEW = "new"
    """It is none of the plan's."""


class MessageState(StrEnum):
    """What became of a notification, as the history shows it."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    DELIVERED = "delivered"
