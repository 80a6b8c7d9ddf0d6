"""Signed links of units' contacts over HTTP."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, SecretStr, model_validator

from shared.api.fields import Answer, Reason, Request
from shared.schemas.rules import Audience

LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=4000)]
"""The part of a link's address after `/u/`."""


class LinkOpenIn(Request):
    """A link's token; or a mobile number with the code that was sent to it."""

    token: LinkToken | None = None
    mobile: Annotated[SecretStr, Field(max_length=40)] | None = None
    code: Annotated[SecretStr, Field(max_length=40)] | None = None

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        by_code = self.mobile is not None and self.code is not None
        none_of_code = self.mobile is None and self.code is None
        if not (none_of_code if self.token is not None else by_code):
            raise ValueError(
                "请提供链接（`token`），或手机号和办理码（`mobile`、`code`）。"
                "Give a link (`token`), or a mobile number with its code (`mobile`, `code`)."
            )
        return self


class LinkRenewIn(Request):
    """The token of the expired link."""

    token: LinkToken


class LinkRevokeIn(Request):
    """Whose links end: those of one post, else all of the unit; and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"post": "liaison", "note": "手机遗失"}]},
    )

    post: Audience | None = None
    note: Reason


class LinkUnitOut(Answer):
    """The unit of a session."""

    unit_id: UUID
    name: str


class LinkOfficeOut(Answer):
    """The office of a session."""

    office_id: UUID
    name: str


class LinkContactOut(Answer):
    """The contact of a session."""

    contact_id: UUID
    post: Audience
    name: str


class LinkSessionOut(Answer):
    """A session of a contact. `secret` is a bearer token; it is shown now and never again."""

    secret: str
    expires_at: datetime
    unit: LinkUnitOut
    office: LinkOfficeOut
    contact: LinkContactOut


class LinkRenewOut(Answer):
    """Always the same: whether anything is sent is not told."""

    detail: str = "如链接属于在册联系人，新链接将发送到登记的邮箱。A new link goes to the contact."


class LinksRevokedOut(Answer):
    """The links that were ended: of these posts, issued up to `revoked_at`."""

    unit_id: UUID
    revoked_at: datetime
    posts: list[Audience]
