"""Addresses that only their owner recognises."""

import pytest

from services.ingest.domain.addresses import shorten_address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("liaison@x.example", "l…@x.example"),
        ("@x.example", "…@x.example"),
        ("13800000009", "138…0009"),
        ("+85298765432", "+85…5432"),
        ("1234567", "1…"),
        ("", "…"),
    ],
)
def test_an_address_shows_its_ends(address: str, shown: str) -> None:
    assert shorten_address(address) == shown
