"""Field types of the API: bounded, and without what PostgreSQL or a mail header can't hold."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSEEN = frozenset({"Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs"})
"""Unicode categories whose characters show nothing by themselves."""
T = TypeVar("T")


def refuse_control_characters(value: str) -> str:
    """A text as it is.

    Raises:
        ValueError: it holds what PostgreSQL or a terminal can't show.
    """
    if _CONTROL.search(value):
        raise ValueError("内容含有控制字符。The text holds control characters.")
    return value


def _clean_prose(value: str) -> str:
    return refuse_control_characters(value).strip()


def _clean_line(value: str) -> str:
    if _CONTROL_OR_BREAK.search(value):
        raise ValueError(
            "内容含有控制字符或换行。The text holds control characters or line breaks."
        )
    return value.strip()


def _require_words(value: str) -> str:
    if all(unicodedata.category(character) in _UNSEEN for character in value):
        raise ValueError("内容不能为空白。The text is blank.")
    return value


_Words = AfterValidator(_require_words)
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_clean_line), _Words]
"""A name or a short reason, on one line."""
Prose = Annotated[str, Field(max_length=4000), AfterValidator(_clean_prose)]
"""A note, which may be empty."""
Reason = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_clean_prose), _Words]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class Request(BaseModel):
    """A body that a caller sends: unknown fields are refused, so that no typing error is lost."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Answer(BaseModel):
    """A body that a caller gets."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)


class Page(Answer, Generic[T]):
    """A part of a list. Ask again with `cursor` set to `next_cursor` until that is null."""

    items: list[T]
    next_cursor: str | None = None
