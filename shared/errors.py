"""Errors that carry what to do about them."""


class CuibanError(Exception):
    """A failure that a person can mend.

    Attributes:
        message: what is wrong, in one sentence.
        hint: what to do about it, or an empty string.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class NotReadyError(CuibanError):
    """A service cannot start: something that it stands on is missing or away."""


class ClockWrongError(CuibanError):
    """The machine's clock and the database's differ; what depends on the time waits."""


class PoisonError(Exception):
    """A record that can never be read: it goes to the dead letters and the stream goes on.

    Attributes:
        reason: one of a closed set of words, safe as a metric label.
        detail: for a person; at most a few hundred characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:500]
