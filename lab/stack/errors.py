"""What can go wrong on one machine, told so that a person knows what to do."""

from shared.errors import CuibanError


class LocalStackError(CuibanError):
    """Something about this machine stands in the way; the message says what to do about it."""


class AddressTakenError(LocalStackError):
    """A part ended before it was ready, so another port may help."""
