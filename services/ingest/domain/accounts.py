"""People's accounts: roles, why sessions end, and how names are compared."""

import unicodedata
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


class SessionEnd(StrEnum):
    """Why a session ended before its time."""

    SIGNED_OUT = "signed-out"
    REVOKED = "revoked"
    """By the person from another session, or by an administrator."""
    PASSWORD = "password"  # noqa: S105 - a reason
    """The password was changed or reset."""
    DISABLED = "disabled"
    ROLE = "role"
    """The account's role was changed."""
    CODES = "codes"
    """One-time codes were turned on or off."""


def normalise_sign_in_name(name: str) -> str:
    """A name without differences of width, case and space: `Ｚhang 三` signs in as `zhang 三`.

    Characters that nobody sees, as those of direction, make no other name either.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    seen = "".join(each for each in folded if unicodedata.category(each) != "Cf")
    return " ".join(seen.split())
