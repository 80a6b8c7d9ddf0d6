"""How a handler refuses. It stands apart so that a reader of files needs no database for it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from shared.errors import CuibanError


class Fault(StrEnum):
    """Why a command is refused."""

    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    INVALID = "invalid"
    FORBIDDEN = "forbidden"


class RefusedError(CuibanError):
    """A command that was refused; nothing has changed.

    Attributes:
        fault: why.
        details: one mapping for each thing that is wrong, where there are several.
    """

    def __init__(
        self,
        fault: Fault,
        message: str,
        hint: str = "",
        details: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message, hint)
        self.fault = fault
        self.details = tuple(details)
