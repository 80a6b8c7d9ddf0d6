"""The error of a refused command. It imports no database, so that readers of files may raise it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from shared.errors import CuibanError


class Fault(StrEnum):
    """Why a command is refused."""

    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    UNCONFIRMED = "unconfirmed"
    """It is possible, and what it means must be confirmed."""
    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    TOO_MANY = "too-many-requests"


class RefusedError(CuibanError):
    """A command was refused, and its transaction is rolled back.

    Attributes:
        fault: the reason's kind.
        details: one mapping for each single error, where there are several.
        allowed: what is possible instead, where the present state refuses an action.
    """

    def __init__(
        self,
        fault: Fault,
        message: str,
        hint: str = "",
        details: Sequence[Mapping[str, Any]] = (),
        *,
        allowed: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hint)
        self.fault = fault
        self.details = tuple(details)
        self.allowed = tuple(allowed)
