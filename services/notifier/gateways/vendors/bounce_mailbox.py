"""The mailbox where the bounces of a mail server arrive, in the file of gateways."""

import ssl
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from services.notifier.domain.bounce_marks import MARK_LENGTH, BounceMarks
from services.notifier.gateways.mime import is_sendable
from services.notifier.gateways.vendors.base import Secret, Text

_LONGEST_LOCAL_PART = 64
"""RFC 5321, 4.5.3.1.1."""
_SHORTEST_KEY = 16
_PORTS = {"tls": 993, "starttls": 143, "none": 143}


def _check_address(pattern: str) -> str:
    sample = pattern.replace("{key}", "0" * MARK_LENGTH)
    local = sample.rpartition("@")[0]
    if (
        pattern.partition("@")[0].count("{key}") != 1
        or pattern.count("{key}") != 1
        or not is_sendable(sample)
        or not sample.isascii()
        or len(local) > _LONGEST_LOCAL_PART
    ):
        extra = _LONGEST_LOCAL_PART - MARK_LENGTH
        raise ValueError(
            f"须在 @ 之前写一个 {{key}}，其余不超过 {extra} 个字符，如 bounce+{{key}}@mail.cn。"
            f"The address has {{key}} once before the @ and at most {extra} other characters there."
        )
    return pattern


def _check_keys(secret: SecretStr) -> SecretStr:
    words = secret.get_secret_value().split()
    if not words or min(map(len, words)) < _SHORTEST_KEY:
        raise ValueError(
            f"密钥至少 {_SHORTEST_KEY} 个字符。A key has at least {_SHORTEST_KEY} characters."
        )
    return secret


class BounceMailbox(BaseModel):
    """A mailbox that is read by IMAP.

    Attributes:
        security: `tls` from the beginning, `starttls` required, or none.
        port: 993 with `tls`, else 143.
        ca_file: certificates to trust beside the system's.
        folder: where the mails are; printable ASCII.
        poll: seconds between two looks.
        address: the sender of the envelope, with `{key}` for the message's mark (VERP). Empty: the
            address of `mail_from`, for servers that take no other; bounces are then recognised by
            the Message-ID.
        keys: of the marks, at least 16 characters; several are separated by blanks, the first one
            makes marks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Text
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    ca_file: Path | None = None
    user: Text
    password: Secret
    folder: str = Field(default="INBOX", pattern=r"^[ -~]{1,200}$")
    poll: int = Field(default=60, ge=5, le=3600)
    address: Annotated[str, AfterValidator(_check_address)] = ""
    keys: Annotated[Secret, AfterValidator(_check_keys)]

    def get_port(self) -> int:
        """The port of the server."""
        return self.port or _PORTS[self.security]

    def make_marks(self) -> BounceMarks:
        """What marks messages and recognises their bounces."""
        return BounceMarks.parse(self.keys.get_secret_value())

    def make_context(self) -> ssl.SSLContext:
        """The certificates that are trusted.

        Raises:
            OSError: `ca_file` can't be read.
        """
        context = ssl.create_default_context()
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        return context
