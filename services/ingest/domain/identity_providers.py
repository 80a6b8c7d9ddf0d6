"""What the operator configures of an office's identity provider (OpenID Connect)."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_LOCAL = {"127.0.0.1", "::1", "localhost"}


class IdentityProvider(BaseModel):
    """An office's provider, and how Cuiban is registered there.

    Attributes:
        issuer: the provider's address. Its description is below it, where OpenID Connect
            Discovery has it.
        redirect_uri: the page to which the provider sends people back. It is registered there.
        claim: the claim with the name that the person's account has here.
        scope: what is asked of the provider, so that it sends this claim.
        create: the role of accounts that are made for people without one. By default none is made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    redirect_uri: str
    claim: str = "preferred_username"
    scope: str = "openid profile"
    create: Literal["admin", "editor", "approver", "viewer"] | None = None

    @field_validator("issuer", "redirect_uri")
    @classmethod
    def _require_https(cls, address: str) -> str:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
            raise ValueError(
                "地址须以 https:// 开头，http:// 只限本机。"
                "Write an https:// address; http:// is for this machine alone."
            )
        return address

    @field_validator("scope")
    @classmethod
    def _require_openid(cls, scope: str) -> str:
        if "openid" not in scope.split():
            raise ValueError("范围须含 openid。The scope must contain openid")
        return scope
