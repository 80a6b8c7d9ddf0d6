"""Which names the templates of each kind may use, and of what they are. Pure.

The values are made in `shared.messages.templates.words`; a test compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from shared.schemas.templates import TemplateKind


class Leaf(Enum):
    """A value that can be written, or only asked."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Record:
    """Something with fields. A door may be missing: `{% if door %}` asks."""

    fields: Mapping[str, "NameType"]


@dataclass(frozen=True, slots=True)
class Series:
    """Several records, gone through by `{% for %}`."""

    of: Record


NameType: TypeAlias = Leaf | Record | Series
_TEXT, _NUMBER, _FLAG = Leaf.TEXT, Leaf.NUMBER, Leaf.FLAG
LINE = Record(
    {
        "number": _NUMBER,
        "ref": _TEXT,
        "plan": _TEXT,
        "task": _TEXT,
        "text": _TEXT,
        "due": _TEXT,
        "weekday": _TEXT,
        "left": _TEXT,
        "tone": _TEXT,
        "hearing": _FLAG,
        "heading": _TEXT,
    }
)
"""An item: `shared.messages.wording.ItemLine`."""
LOOP = Record({"index": _NUMBER, "length": _NUMBER, "first": _FLAG, "last": _FLAG})
"""`loop`, within `{% for %}`."""
_FIGURES = Record(dict.fromkeys(("items", "late", "today", "ahead", "hearings"), _NUMBER))
_LINK = Record({"address": _TEXT})
_CODE = Record({"address": _TEXT, "secret": _TEXT})
_DIGEST: dict[str, NameType] = {
    "office": _TEXT,
    "unit": _TEXT,
    "told": _TEXT,
    "post": _TEXT,
    "escalated": _FLAG,
    "plan": _TEXT,
    "today": _TEXT,
    "figures": _FIGURES,
    "state": _TEXT,
    "lines": Series(LINE),
}
_MAIL: dict[str, NameType] = _DIGEST | {"subject": _TEXT, "until": _TEXT, "door": _LINK}
"""Of groups too: they never have a door."""
_SMS: dict[str, NameType] = _DIGEST | {
    "until": _TEXT,
    "when": _TEXT,
    "message": _TEXT,
    "door": _CODE,
}
_LINK_MAIL: dict[str, NameType] = {
    "office": _TEXT,
    "unit": _TEXT,
    "subject": _TEXT,
    "until": _TEXT,
    "door": _LINK,
}
_NAMES: Mapping[TemplateKind, Mapping[str, NameType]] = {
    TemplateKind.DIGEST_MAIL: _MAIL,
    TemplateKind.DIGEST_SMS: _SMS,
    TemplateKind.DIGEST_GROUP: _MAIL,
    TemplateKind.LINK_MAIL: _LINK_MAIL,
}
_SECRET = frozenset({"door", "until"})


def list_names(kind: TemplateKind, part: str) -> dict[str, NameType]:
    """The names of a part. A subject has no door: copies of it are not without their secrets."""
    hidden = _SECRET if part == "subject" else frozenset()
    return {name: of for name, of in _NAMES[kind].items() if name not in hidden}
