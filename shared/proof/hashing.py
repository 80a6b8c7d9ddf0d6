"""The hashes of a proof of notice: SHA-256, or SM3 (GB/T 32905) where an office must use it. Pure.

SM3 is the one of `cryptography`, which brings its own OpenSSL: that of Python has it only in some
builds.
"""

from enum import StrEnum
from typing import assert_never

from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash


class Algorithm(StrEnum):
    """The hash of an archive; both have 32 bytes."""

    SHA256 = "sha256"
    SM3 = "sm3"


def open_hash(algorithm: Algorithm) -> Hash:
    """A hash to which bytes are added with `update`; `finalize` gives it."""
    match algorithm:
        case Algorithm.SHA256:
            return Hash(SHA256())
        case Algorithm.SM3:
            return Hash(SM3())
        case _:
            assert_never(algorithm)


def compute_hash(algorithm: Algorithm, *parts: bytes) -> bytes:
    """The hash of the parts, one behind the other."""
    hashed = open_hash(algorithm)
    for part in parts:
        hashed.update(part)
    return hashed.finalize()
