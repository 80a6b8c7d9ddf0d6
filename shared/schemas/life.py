"""The life of an obligation in the ledger: its statuses, and what a person may do with it. Pure."""

from enum import StrEnum


class ObligationStatus(StrEnum):
    """The status of an obligation in the ledger (办理状态)."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    """The unit signed for it (签收)."""
    IN_PROGRESS = "in-progress"
    SUBMITTED = "submitted"
    """The unit reported it as done (报办结); the office reviews that."""
    RETURNED = "returned"
    """The office found the report insufficient (退回)."""
    DONE = "done"
    WITHDRAWN = "withdrawn"
    """It is no longer required (撤回)."""


class Action(StrEnum):
    """What a unit or the office may do with an obligation."""

    ACCEPT = "accept"
    PROGRESS = "progress"
    SUBMIT = "submit"
    COMPLETE = "complete"
    """Confirm that it is done."""
    RETURN = "return"
    EXTEND = "extend"
    """Ask for a later date, or set one."""
    OBJECT = "object"
    """Say that it is not the unit's (异议)."""
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    """Take back that it is submitted, done or withdrawn."""


class Joint(StrEnum):
    """Who reports for a duty of several units."""

    EACH = "each"
    LEAD = "lead"
    """The leading unit (牵头单位), for all."""
