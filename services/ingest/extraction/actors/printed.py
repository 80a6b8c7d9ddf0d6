"""A unit cell as printed: which line breaks and blanks stand inside a name."""

import re
from typing import Final

from services.ingest.extraction.vocabulary.characters import (
    BRACKETS,
    CLAUSE_ENDS,
    COLONS,
    HAN,
    LIST_NUMERAL,
    SEPARATORS,
)
from services.ingest.extraction.vocabulary.role_words import BODY, LEAD, SUPPORT
from services.ingest.extraction.vocabulary.unit_names import (
    GOVERNMENT_BODY,
    LEVELS,
    has_organisation_ending,
    has_unit_ending,
    is_split_name,
    is_unit_name,
)

NAME_SEPARATOR: Final = re.compile(rf"[{SEPARATORS}{COLONS}/／\n]|(?<=[{HAN}）]) (?=[{HAN}])")
"""Between two names of a list."""
BODY_KIND: Final = (
    f"(?:(?:责任|成员|职能|业务|行政|主管|涉及|{LEAD}|{SUPPORT}|[{LEVELS}][直级]|直属|其他|各|有关|相关)*"
    f"(?:{BODY}|企业|乡镇|镇街|街道|地区|地方|方面|委办局)(?:[、和及](?=单|部|机|企))?)+"
    r"(?:（单位）|（部门）)?"
)
"""Bodies in general, such as 有关单位."""
AND_OTHERS: Final = re.compile(rf"等(?:(?:\d{{1,3}}|{LIST_NUMERAL})(?:个|家))?(?:{BODY_KIND})?$")
"""The end of a list that names only some of its units, such as 等部门."""
LONGEST_NAME: Final = 30  # characters
_MIN_NAME: Final = 3
_ANY_SEPARATOR: Final = re.compile(rf"[{SEPARATORS}{COLONS}/／ \n]")
_CLAUSE_END: Final = re.compile(rf"[{CLAUSE_ENDS}\n]")


def mend_printed(text: str) -> str:
    """The cell as printed, without line breaks inside names, with full-width brackets."""
    wide = text.replace("(", "（").replace(")", "）")
    lines = [_join_spaced(line) for line in wide.split("\n") if line.strip()]
    joined = ""
    for line in lines:
        apart = (
            bool(joined)
            and not NAME_SEPARATOR.search(joined[-1:])
            and not _is_one_item(joined, line)
        )
        joined += f"\n{line}" if apart else line
    return joined


def _is_one_item(above: str, below: str) -> bool:
    """Whether a line break stands within one item of a list."""
    if NAME_SEPARATOR.match(below) or below[0] in (*BRACKETS, *BRACKETS.values(), "等"):
        return True
    tail = above[-LONGEST_NAME:]
    left = _CLAUSE_END.split(tail)[-1]
    if not tail.count("（") > tail.count("）"):
        left = _ANY_SEPARATOR.split(left)[-1]
    return not AND_OTHERS.search(tail) and is_split_name(
        left, _ANY_SEPARATOR.split(below, maxsplit=1)[0]
    )


def _join_spaced(line: str) -> str:
    """The line without the layout's blanks; a blank between two whole names is kept."""
    pieces = line.split()
    joined = pieces[0]
    for piece in pieces[1:]:
        left = _ANY_SEPARATOR.split(joined)[-1]
        right = _ANY_SEPARATOR.split(piece, maxsplit=1)[0]
        names = all(len(name) >= _MIN_NAME and has_unit_ending(name) for name in (left, right))
        names = names or (
            has_organisation_ending(left) and right[:1] in tuple(LEVELS) and is_unit_name(right)
        )
        apart = names and right[:1] not in tuple("等（及和") and not GOVERNMENT_BODY.match(right)
        joined += f" {piece}" if apart else piece
    return joined


def is_split_list(above: str, below: str) -> bool:
    """Whether the last name of one cell continues in the next cell."""
    left = _ANY_SEPARATOR.split(above.strip())[-1]
    right = _ANY_SEPARATOR.split(below.strip(), maxsplit=1)[0]
    return has_unit_ending(left + right) and is_split_name(left, right)
