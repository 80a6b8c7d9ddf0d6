"""Rule books over HTTP: drafts, versions, and what two of them differ in."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shared.api.fields import Answer, Prose, Request, refuse_control_characters

_LONGEST = 100_000
_EXAMPLE = "rules:\n  - rule_id: deadline\n    …"


BookText = Annotated[str, Field(max_length=_LONGEST), AfterValidator(refuse_control_characters)]
"""A rule book as it was written, YAML or JSON; its comments are kept."""
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class RuleDraftIn(Request):
    """A new draft: a text, or a published version to begin from. `note` says what it is for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": _EXAMPLE, "note": "年底加一次提醒"}]},
    )

    text: BookText | None = None
    from_version: Version | None = None
    note: Prose = ""

    @model_validator(mode="after")
    def _have_one_source(self) -> Self:
        if (self.text is None) == (self.from_version is None):
            raise ValueError(
                "请写正文或版本号，二者写一个（`text`、`from_version`）。"
                "Give a text or a version (`text`, `from_version`)."
            )
        return self


class RuleDraftChange(Request):
    """The whole text of a draft again. `version` is that of the draft which it replaces."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "text": _EXAMPLE, "note": ""}]},
    )

    version: Version
    text: BookText
    note: Prose = ""


class RuleDraftSeen(Request):
    """The version of the draft that the caller has seen."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 1}]})

    version: Version


class BookProblemOut(Answer):
    """A fault in a text. `message` and `hint` are in Chinese and then in English."""

    line: int
    column: int
    path: str
    code: str
    message: str
    hint: str


class RuleDraftHead(Answer):
    """A draft without its text. `version` rises with each change."""

    draft_id: UUID
    version: int
    based_on: int
    note: str
    author: str
    created_at: datetime
    changed_by: str
    changed_at: datetime


class RuleDraftOut(RuleDraftHead):
    """A draft. `book` is null while its text can't be read; with `problems` it can't be published.

    `based_on` is the version of the live rules when it was last saved, `live` the present one.
    """

    text: str
    live: int
    book: dict[str, Any] | None
    problems: list[BookProblemOut]


class RuleEffectOut(Answer):
    """What a draft changes in the next 90 days.

    `units` have open obligations; `differing` of them would hear something else, of which `names`
    has some. With more than `share` percent, a second person approves the draft.
    """

    units: int
    differing: int
    names: list[str]
    share: int
    needs_approval: bool


class RuleBookWritten(Answer):
    """A published version with its text: as it was drafted, or written anew."""

    version: int
    book: dict[str, Any]
    text: str
    note: str
    published_by: str
    published_at: datetime
    drafted_by: str | None
    approved_by: str | None
    restored_from: int | None


class BookChangeOut(Answer):
    """A difference of two books as a sentence; `rule_id` is empty where it is of the whole book."""

    rule_id: str
    chinese: str
    english: str
