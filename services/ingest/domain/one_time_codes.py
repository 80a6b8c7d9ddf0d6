"""One-time codes (TOTP, RFC 6238) of an authenticator app, and the recovery codes beside them."""

import hashlib
import secrets
from datetime import datetime
from hmac import compare_digest

from pyotp import TOTP, random_base32

ISSUER = "催办 Cuiban"
RECOVERY_CODES = 10
_TOLERATED = (0, -1, 1)
"""Steps of 30 seconds by which a telephone's clock may be wrong."""


def generate_secret() -> str:
    """A new secret of 160 bits, in base 32, as authenticator apps take it."""
    return random_base32()


def make_address(secret: str, name: str) -> str:
    """The `otpauth://` address of a secret; a page shows it as a QR code."""
    return TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def find_step(secret: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The time step whose code this is; None when it is wrong, or not newer than `last_step`.

    The caller stores the step of an accepted code as the last one, so that none is accepted twice.
    """
    totp = TOTP(secret)
    given = "".join(code.split()).encode("utf-8", "surrogatepass")
    present = totp.timecode(now)
    steps = [present + offset for offset in _TOLERATED]
    matching = [step for step in steps if compare_digest(totp.generate_otp(step).encode(), given)]
    newer = [step for step in matching if last_step is None or step > last_step]
    return newer[0] if newer else None


def generate_recovery_codes() -> list[str]:
    """Ten codes of 80 random bits, in groups of four: each replaces a one-time code, once."""
    codes = [secrets.token_hex(10) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


def hash_recovery_code(code: str) -> bytes:
    """The digest of a recovery code. It is as random as a token, so no slow hash is needed."""
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()
