"""The quantity or share that a measure's text plainly asks for: ≥50%, 12个, 不少于2次. Pure."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from services.ingest.extraction.plans.targets import read_target
from services.ingest.extraction.vocabulary.characters import CLAUSE_EDGES, NUMERALS, SEPARATORS
from services.ingest.extraction.vocabulary.numerals import parse_numeral
from services.ingest.extraction.vocabulary.prose import fold_text

_TEXTS = 4096
"""How many texts are remembered with what they ask for."""


class Bound(StrEnum):
    """How a reported value is compared with a quantity."""

    AT_LEAST = "at-least"
    AT_MOST = "at-most"


@dataclass(frozen=True, slots=True)
class Quantity:
    """What must be reached: a number, its unit (个, 次, %), and how it is compared."""

    number: float
    unit: str
    kind: Bound = Bound.AT_LEAST

    def is_fulfilled_by(self, reported: float) -> bool:
        """Whether a reported value is enough, or not too much."""
        is_above = reported >= self.number
        return is_above if self.kind is Bound.AT_LEAST else reported <= self.number


_UNITS: Final = (
    "个百分点|个|次|项|家|篇|件|条|期|场|份|处|户|人次|人|名|套|台|所|座|辆|例|本|册|幅|"
    "万元|亿元|公里|万亩|亩|平方米|吨"
)
_NUMBER: Final = rf"(?P<value>\d{{1,9}}(?:\.\d+)?|[两{NUMERALS}]{{1,3}})"
# 3个工作日 and 2个月 are spans of time, 第3次 is an ordinal.
_COUNTED: Final = rf"(?<![第\d.]){_NUMBER}(?P<unit>{_UNITS})(?!月|工作日|自然日|小时|季度|星期|年)"
_LIMIT: Final = r"(?!以内|以下|左右|之内)"
_FLOORS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        (
            rf"(?:不得?低于|不得?少于|不得?小于|至少|达到?|≥|>=|完成|力争|确保)"
            rf"[^{SEPARATORS}\d%]{{0,8}}?{_COUNTED}{_LIMIT}"
        ),
        rf"{_COUNTED}(?:及?以上|\+)",
        (
            rf"(?:新建|建成|建设|打造|培育|创建|举办|开展|组织|召开|发布|编制|征集|推出|选树|制作)"
            rf"{_COUNTED}{_LIMIT}"
        ),
    )
)
_SHARE: Final = re.compile(
    rf"(?:控制在|不得?超过|不得?高于|≤|<=)[^{CLAUSE_EDGES}\d]{{0,6}}?(?P<value>\d{{1,3}}(?:\.\d+)?)"
    rf"(?P<unit>%)"
)
_CEILING: Final = re.compile(
    rf"(?:控制在|不得?超过|不得?多于|≤|<=)[^{CLAUSE_EDGES}\d]{{0,6}}?{_COUNTED}"
)


@lru_cache(maxsize=_TEXTS)
def read_quantity(text: str) -> Quantity | None:
    """What a text asks for; None where it names no number, or it is not plain what it counts.

    A share beside a count is the one that counts, as the plan's own target is. What was read last
    is kept: many units owe the same measure.
    """
    folded = fold_text(text)
    if (share := read_target(folded)) is not None:
        return Quantity(share.at_least_percent, "%")
    floors = [match for pattern in _FLOORS for match in pattern.finditer(folded)]
    if floors:
        return _make(min(floors, key=lambda match: match.start("value")), Bound.AT_LEAST)
    ceiling = _SHARE.search(folded) or _CEILING.search(folded)
    return None if ceiling is None else _make(ceiling, Bound.AT_MOST)


def _make(match: re.Match[str], kind: Bound) -> Quantity | None:
    written = match["value"]
    number = float(written) if written[0].isdecimal() else parse_numeral(written)
    return None if number is None else Quantity(number, match["unit"], kind)


def find_target(text: str, goal: dict[str, Any] | None) -> Quantity | None:
    """What a measure asks for: by its text, else by its target column as it was stored."""
    quantity = read_quantity(text)
    if quantity is None and goal is not None:
        return Quantity(goal["number"], goal["unit"], Bound(goal["kind"]))
    return quantity
