"""Addresses as they are shown where only their owner needs to recognise them. Pure."""

_HEAD, _TAIL = 3, 4
"""Characters of a number that are shown at its beginning and at its end."""


def shorten_address(address: str) -> str:
    """An address that its owner recognises: `l…@x.example`, `138…0009`."""
    name, at, domain = address.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain}"
    if len(address) > _HEAD + _TAIL:
        return f"{address[:_HEAD]}…{address[-_TAIL:]}"
    return f"{address[:1]}…"
