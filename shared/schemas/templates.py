"""The kinds of templates of messages, and what a template consists of."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from shared.schemas.values import Value

STANDARD = "standard"
"""The name of the template that is used where a rule names no other."""
NAME_PATTERN = r"^[\w-]{1,40}$"


class TemplateKind(StrEnum):
    """What a template is for."""

    DIGEST_MAIL = "digest-mail"
    """Reminders by mail."""
    DIGEST_SMS = "digest-sms"
    """Reminders by short message."""
    DIGEST_GROUP = "digest-group"
    """Reminders to groups of WeCom, DingTalk and Feishu, without the unit's link."""
    LINK_MAIL = "link-mail"
    """The mail with a new link, for a contact who asked for one."""


PARTS: Mapping[TemplateKind, tuple[str, ...]] = {
    TemplateKind.DIGEST_MAIL: ("subject", "text", "html"),
    TemplateKind.DIGEST_SMS: ("text",),
    TemplateKind.DIGEST_GROUP: ("subject", "text"),
    TemplateKind.LINK_MAIL: ("subject", "text", "html"),
}
"""The parts of each kind; a part that a kind does not have is empty."""


class TemplateParts(Value):
    """The sources of a template's parts, in the language of Jinja."""

    subject: str = Field(default="", max_length=300)
    text: str = Field(default="", max_length=20_000)
    html: str = Field(default="", max_length=60_000)
