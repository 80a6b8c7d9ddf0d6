"""Problem details for HTTP APIs (RFC 9457), which every error is told as."""

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

_ENGLISH_BEGINS = re.compile(r"(?<=[。：；！？）》”…])\s*(?=[A-Z`(“{][^。，；！？]*\Z)")
"""After the end of a Chinese sentence, and before a text without Chinese punctuation."""

_BRACKETED = re.compile(r"\s*[（(][^（()）]*`[^（()）]*[)）]")
_MARK = re.compile(r"`([^`]*)`")


class Problem(BaseModel):
    """What is wrong and what to do about it.

    `type` is stable and made for programs; `hint` is for people. `title`, `detail` and `hint` are
    in Chinese and then in English: `choose_part` gives one of them. `errors` holds one entry for
    each thing that is wrong, where there are several. `allowed` names the actions that are
    possible, where the present state refuses one.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:cuiban:problem:conflict",
                    "title": "现在的状态不允许这样做。The present state does not allow it.",
                    "status": 409,
                    "detail": "听取汇报以登记为准，不能直接改状态。"
                    "A hearing is fulfilled by its record, not by a status.",
                    "hint": "请登记（`POST /v1/units/{unit_id}/hearings`）。"
                    "Record it (`POST /v1/units/{unit_id}/hearings`).",
                    "errors": [],
                    "allowed": ["accept", "progress", "object"],
                    "correlation_id": "0c4b7a50-7e41-4c0e-8d6f-4a1c7c0f3a11",
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    hint: str = ""
    errors: list[dict[str, Any]] = []
    allowed: list[str] = []
    correlation_id: str = ""


def choose_part(text: str, language: str) -> str:
    """The part of a text that is in a language, `zh` or `en`; the whole text when it has only one.

    The Chinese part comes first. Names in the English part may be Chinese.
    """
    match = _ENGLISH_BEGINS.search(text)
    if match is None:
        return text
    return text[: match.start()] if language == "zh" else text[match.end() :]


def replace_marks(text: str, replace: Callable[[str], str | None]) -> str:
    """A text of the API with its names of the API replaced, where a reader does not call the API.

    A name in backticks is a field, an address with its method, or a header. `replace` gives what it
    is called instead, or None. Brackets with a name that is called nothing are left out.
    """

    def replace_bracketed(match: re.Match[str]) -> str:
        known = all(replace(mark) is not None for mark in _MARK.findall(match[0]))
        return match[0] if known else ""

    kept = _BRACKETED.sub(replace_bracketed, text)
    return _MARK.sub(lambda match: f"`{replace(match[1]) or match[1]}`", kept)
