"""Accounts of people, sign-in and sessions over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from shared.api.fields import Answer, Line, Request

RoleName = Literal["admin", "editor", "approver", "viewer", "unit"]


def _check_secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(
            "内容含有密码里没有的字符。The text holds characters that no password has."
        )
    return value


Password = Annotated[SecretStr, Field(min_length=1, max_length=500), AfterValidator(_check_secret)]
Code = Annotated[SecretStr, Field(max_length=100), AfterValidator(_check_secret)]
"""A one-time code or a recovery code; spaces and hyphens do not count."""
ProviderCode = Annotated[
    SecretStr, Field(min_length=1, max_length=4000), AfterValidator(_check_secret)
]
"""The code of a provider, which may be a long signed text."""
AccountName = Annotated[Line, Field(max_length=64)]


class SignInIn(Request):
    """What a person signs in with. `code` is needed where the account has one-time codes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "zhangsan", "password": "四个 不相关的 词 连用"}]},
    )

    name: Line
    password: Password
    code: Code = SecretStr("")


class SessionOut(Answer):
    """An open session. It ends at `expires_at`, or when it is not used for a while."""

    session_id: UUID
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str
    current: bool = False


class UserOut(Answer):
    """A person's account. `unit_id` is that of a unit account alone."""

    user_id: UUID
    name: str
    role: RoleName
    unit_id: UUID | None
    one_time_codes: bool
    created_at: datetime
    disabled_at: datetime | None


class SessionIssued(Answer):
    """A new session. `token` is a bearer token; it is shown now and never again."""

    token: str
    session: SessionOut
    user: UserOut


class ProviderOut(Answer):
    """An office whose people may sign in through an identity provider. `slug` begins a sign-in."""

    slug: str
    name: str


class ProviderStartIn(Request):
    """The office, by its short name, through whose provider somebody signs in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"office": "yanting"}]}
    )

    office: Line


class ProviderStartedOut(Answer):
    """A sign-in that has begun. `attempt` is a secret of the browser that began it."""

    address: str
    attempt: str


class ProviderFinishIn(Request):
    """What the provider sent back with the person, and the secret of the beginning."""

    attempt: Password
    state: Line
    code: ProviderCode


class UserIn(Request):
    """An account to make. The role `unit` needs `unit_id`; no other role takes one.

    Without a password the account signs in through the office's identity provider alone.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "zhangsan", "role": "editor", "password": "四个 不相关的 词 连用"}
            ]
        },
    )

    name: AccountName
    role: RoleName
    unit_id: UUID | None = None
    password: Password | None = None


class RoleIn(Request):
    """Another role for an account."""

    role: Literal["admin", "editor", "approver", "viewer"]


class ResetIn(Request):
    """A new password for an account."""

    password: Password


class PasswordChangeIn(Request):
    """The present password of the own account, and the new one."""

    current: Password
    new: Password


class EndedOut(Answer):
    """How many sessions were ended."""

    ended: int


class MeOut(Answer):
    """Who the caller is and what it may do. A token has scopes; a person has a role."""

    kind: Literal["person", "token"]
    name: str
    office_id: UUID
    unit_id: UUID | None
    role: RoleName | None
    scopes: list[str]
    permissions: list[str]
    user: UserOut | None = None
    session_id: UUID | None = None


class CodesStartedOut(Answer):
    """A secret for an authenticator app. It counts once a first code confirms it."""

    secret: str
    address: str


class CodesConfirmIn(Request):
    """The code that the app shows."""

    code: Code


class RecoveryCodesOut(Answer):
    """Codes that each replace a one-time code, once. They are shown now and never again."""

    recovery_codes: list[str]


class CodesDisableIn(Request):
    """The password of the own account."""

    password: Password
