"""Errors with a hint that says what to do."""

from enum import StrEnum


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


class EngineRefusedError(NotReadyError):
    """An engine refuses its client, or the client the engine: a certificate, a login, a right.

    Message and hint are in Chinese and then in English.
    """


class ClockWrongError(CuibanError):
    """The machine's clock and the database's differ; decisions that depend on the time wait."""


class NewerValueError(CuibanError):
    """A row holds a value of a closed list that this release does not know: a newer one wrote it.

    Other rows can still be read. An event whose handler needs this row is parked.
    """

    def __init__(self, values: type[StrEnum], value: object) -> None:
        known = ", ".join(values)
        super().__init__(
            f"The database holds {str(value)[:100]!r} as {values.__name__}; this release knows "
            f"only {known}.",
            "A newer release wrote it: replace this process by the newer release.",
        )


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
