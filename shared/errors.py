"""Errors with a hint that says what to do."""


class CuibanError(Exception):
    """A failure that a person can correct.

    Attributes:
        message: what is wrong, in one sentence.
        hint: what to do about it, or an empty string.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class NotReadyError(CuibanError):
    """A service can't start: something that it needs is missing or does not answer."""


class ClockWrongError(CuibanError):
    """The machine's clock and the database's differ; decisions that depend on the time wait."""


class PoisonError(Exception):
    """A record that can never be applied: it becomes a dead letter, and the stream continues.

    Attributes:
        reason: one of a closed set of words, safe as a metric label.
        detail: for a person; at most a few hundred characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:500]
