"""A mail server in the file of gateways."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from services.notifier.gateways.mime import parse_sender
from services.notifier.gateways.vendors.base import GatewaySettings, Secret, Text
from services.notifier.gateways.vendors.bounce_mailbox import BounceMailbox
from shared.schemas.rules import Channel

Security = Literal["tls", "starttls", "starttls-when-offered", "none"]
_PORTS: dict[Security, int] = {"tls": 465, "starttls": 587}


class Smtp(GatewaySettings):
    """A mail server.

    Attributes:
        security: `tls` from the beginning; `starttls` required, used when offered, or not at all.
        port: 465 with `tls`, 587 with `starttls`, else 25.
        ca_file: certificates to trust beside the system's.
        mail_from: the sender, `Name <address>`.
        bounces: the mailbox where bounces arrive.
        concurrency: how many connections are kept open.
    """

    vendor: Literal["smtp"]
    channel: Literal[Channel.EMAIL] = Channel.EMAIL
    host: Text
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Security = "starttls"
    user: str = ""
    password: Secret | None = None
    ca_file: Path | None = None
    mail_from: Text
    bounces: BounceMailbox | None = None

    @model_validator(mode="after")
    def check(self) -> Self:
        """Refuse a sender without an address, and a user without a password."""
        try:
            parse_sender(self.mail_from)
        except ValueError as error:
            raise ValueError(
                "mail_from 须写明地址，如：公开办 <gkb@mail.example>。"
                "The sender needs an address, as in: Name <address>."
            ) from error
        if bool(self.user) != bool(self.password):
            raise ValueError("user 和 password 须同时写。Write both user and password.")
        return self

    def get_port(self) -> int:
        """The port of the server."""
        return self.port or _PORTS.get(self.security, 25)
