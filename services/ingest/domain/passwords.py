"""Passwords: what is accepted, and their argon2id hashes. A hash takes a tenth of a second."""

import re
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from services.ingest.domain.refusals import Fault, RefusedError

SHORTEST, LONGEST = 8, 128
"""Characters of a password, as NIST SP 800-63B and OWASP ASVS ask for."""
GUESSED = ("cuiban", "催办", "政务公开办", "政务公开", "admin", "password", "密码")
"""Words of this system and its offices; a password does not consist of them and the own name."""
_NO_LETTERS = re.compile(r"[\W\d_]+")
_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
"""64 MiB, 3 passes, 4 lanes: the second recommended option of RFC 9106, above OWASP's minimum."""


def check_password(password: str, name: str) -> None:
    """Make sure that a password may be chosen. No kinds of characters are asked for.

    Args:
        password: as it was typed.
        name: the account's name, which is no password.

    Raises:
        RefusedError: too short, too long, common, or nothing but the name and words of the system.
    """
    normal = _normalise(password)
    if not SHORTEST <= len(normal) <= LONGEST:
        raise RefusedError(
            Fault.INVALID,
            f"密码须有 {SHORTEST} 至 {LONGEST} 个字符。A password has {SHORTEST} to {LONGEST} "
            "characters.",
            "可用几个不相关的词连成一句。Several unrelated words make a good one.",
        )
    plain = normal.casefold()
    is_common = plain in _load_common_passwords() or len(set(plain)) == 1
    if is_common or _is_guessed(plain, _normalise(name).casefold()):
        raise RefusedError(
            Fault.INVALID,
            "此密码容易被猜到。This password is easy to guess.",
            "请换一个。Choose another: several unrelated words make a good one.",
        )


def _is_guessed(plain: str, name: str) -> bool:
    """Whether a password is the name or words of the system, with digits and marks at most.

    A password of digits and marks alone has no such word, and is not meant.
    """
    rest = plain
    for word in sorted({name, *GUESSED}, key=len, reverse=True):
        rest = rest.replace(word, "")
    return plain == name or (rest != plain and not _NO_LETTERS.sub("", rest))


@cache
def _load_common_passwords() -> frozenset[str]:
    """The 30,000 most common passwords; loaded when the first password is chosen."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415 - 10 MB

    return frozenset(FREQUENCY_LISTS["passwords"])


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with a salt of its own and its parameters."""
    return _HASHER.hash(_normalise(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether a password has this hash. Without a hash the answer is no, after the same time."""
    try:
        return _HASHER.verify(stored or _make_decoy(), _normalise(password)) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than those of today."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _make_decoy() -> str:
    return hash_password("a password that nobody has")


def _normalise(password: str) -> str:
    """The same characters however they were typed: an input method may write them in full width."""
    return unicodedata.normalize("NFKC", password)
