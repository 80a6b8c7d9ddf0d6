"""People's accounts: the closed set of roles."""

from enum import StrEnum


class AccountRole(StrEnum):
    """What a person's account is for."""

    ADMIN = "admin"
    """Does everything."""
    EDITOR = "editor"
    """Prepares plans, and keeps the directory and the ledger."""
    APPROVER = "approver"
    """Publishes, reviews reports, and decides extensions and objections."""
    VIEWER = "viewer"
    """Reads."""
    UNIT = "unit"
    """Reads and reports for its own unit."""
