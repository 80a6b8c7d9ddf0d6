"""Templates of messages over HTTP: what an office publishes, and previews of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.config import JsonDict

from shared.api.fields import Answer, Prose, Request, refuse_control_characters
from shared.schemas.rules import Audience
from shared.schemas.templates import TemplateKind, TemplateParts

_EXAMPLE: JsonDict = {
    "subject": "{{ subject }}",
    "text": "{{ unit }}：{% for line in lines %}{{ line.ref }} {{ line.text }} {% endfor %}",
    "html": "<p>{{ unit }}</p>",
}
_Version = Annotated[int, Field(ge=0, le=2**31 - 2)]


class TemplatePartsIn(Request):
    """The sources of a template's parts. A part that its kind does not have is empty."""

    subject: Annotated[str, Field(max_length=300), AfterValidator(refuse_control_characters)] = ""
    text: Annotated[str, Field(max_length=20_000), AfterValidator(refuse_control_characters)] = ""
    html: Annotated[str, Field(max_length=60_000), AfterValidator(refuse_control_characters)] = ""

    def to_parts(self) -> TemplateParts:
        """The parts, with line feeds alone as ends of lines: forms send two characters."""
        written = {name: value.replace("\r\n", "\n") for name, value in self.model_dump().items()}
        return TemplateParts(**written)


class TemplateIn(Request):
    """The next version of a template. `version` is that of the one which it replaces; 0: none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 0, "parts": _EXAMPLE, "note": "改称呼"}]},
    )

    version: _Version
    parts: TemplatePartsIn
    note: Prose = ""


class TemplateRollBack(Request):
    """Back to the content of version `to`; 0 is the built-in template. `version` is the newest."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 2, "to": 1}]}
    )

    version: _Version
    to: _Version


class TemplatePreviewIn(Request):
    """What to preview: with what a unit owes now, or with an invented reminder."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "digest-mail", "parts": _EXAMPLE}]},
    )

    kind: TemplateKind
    parts: TemplatePartsIn
    unit_id: UUID | None = None
    audience: Audience = Audience.LIAISON


class TemplateProblemOut(Answer):
    """A fault in a part of a template. `message` and `hint` are in Chinese and then in English."""

    part: str
    line: int
    code: str
    message: str
    hint: str


class TemplatePreviewOut(Answer):
    """A preview. With `problems` there is no text, and the template can't be published.

    `sms_parts` are those of this short message; `fewest_parts` and `most_parts` those of all kinds
    of reminders; null for a mail. `items`: how many obligations it shows.
    """

    problems: list[TemplateProblemOut]
    subject: str | None
    text: str | None
    html: str | None
    sms_parts: int | None
    fewest_parts: int | None
    most_parts: int | None
    items: int


class TemplateHead(Answer):
    """A version of a template; 0 is the built-in one.

    `built_in`: the built-in template is used. `restored_from`: the version whose content it has.
    """

    kind: TemplateKind
    name: str
    version: int
    built_in: bool
    note: str
    restored_from: int | None
    published_by: str
    published_at: datetime | None


class TemplateOut(TemplateHead):
    """A version of a template with its parts."""

    parts: TemplateParts
