"""Exit statuses of the command, and the errors that stand for them."""

from shared.errors import CuibanError, NotReadyError

DONE, NO, WRONG_USE, NOT_RUNNING = 0, 1, 2, 3


class WrongUseError(CuibanError):
    """The command was used wrongly: an option, an argument, a file or a setting."""


class NotRunningError(CuibanError):
    """Nothing answers: the system does not run, or not now."""


def get_exit_status(error: CuibanError) -> int:
    """The exit status that stands for an error: 1, 2 or 3."""
    match error:
        case WrongUseError():
            return WRONG_USE
        case NotRunningError() | NotReadyError():
            return NOT_RUNNING
        case _:
            return NO
