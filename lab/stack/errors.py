"""Errors of the local stack. Each message says what the user can do."""

from shared.errors import CuibanError


class LocalStackError(CuibanError):
    """The local stack can't do something on this machine; the message says what to do about it."""


class AddressTakenError(LocalStackError):
    """A part ended before it was ready; its port may be taken, so another port may help."""
