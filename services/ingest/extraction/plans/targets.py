"""Targets in percent."""

import re
from typing import Final

from services.ingest.extraction.models import Target
from services.ingest.extraction.vocabulary.characters import CLAUSE_EDGES, SEPARATORS
from services.ingest.extraction.vocabulary.prose import fold_text

_NUMBER: Final = r"(?P<value>\d{1,4}(?:\.\d+)?)%"
_FLOORS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        (
            rf"(?:不得?低于|不得?少于|不得?小于|至少|达到?|达成|实现|确保|保持在?|稳定在|≥|>=|>|超过?|大于|高于|力争)"
            rf"[^{SEPARATORS}\d%]{{0,12}}?{_NUMBER}(?!(?:以内|以下|左右|之内))"
        ),
        rf"{_NUMBER}(?:及?以上|\+)",
        r"(?<![\d.])(?P<value>100)%(?!(?:以内|以下|左右|之内))",  # nothing lies above it
        rf"(?:率|比例|占比|覆盖面?|度)为?{_NUMBER}(?!(?:以内|以下|左右|之内))",
    )
)
_CEILING: Final = re.compile(
    rf"(?:控制|不超过|不得超过|不高于|低于|降低|下降|减少|压减|压缩|缩短)[^{CLAUSE_EDGES}\d]{{0,12}}$"
)
_BARE: Final = re.compile(r"\d{1,3}(?:\.\d+)?%")
_WORDS: Final = re.compile(r"百分之百")


def read_target(text: str) -> Target | None:
    """Read the first lower bound in percent; upper bounds and approximate figures are skipped.

    `text` must be from `fold_text`.
    """
    text = _WORDS.sub("100%", text)
    matches = [
        match
        for pattern in _FLOORS
        for match in pattern.finditer(text)
        if not _CEILING.search(_take_words_before(text, match))
    ]
    if not matches:
        return None
    value = min(matches, key=lambda match: match.start("value"))["value"]
    number = float(value)
    return Target(at_least_percent=int(number) if number.is_integer() else number)


def read_goal(cell: str) -> Target | None:
    """Read the lower bound in a cell of a target column, which may be only a percentage."""
    text = fold_text(cell)
    bare = _BARE.fullmatch(text)
    return read_target(f"达到{text}" if bare else text)


def _take_words_before(text: str, match: re.Match[str]) -> str:
    """The text before the match's number, without the match's own words if they begin with 不."""
    head = text[max(0, match.start() - 14) : match.start()]
    own = match.group()
    return head + own[: own.index(match["value"])] if not own.startswith("不") else head
