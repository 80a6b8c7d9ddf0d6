"""Actors that only the text of a duty names, and not its unit column."""

import re
from collections.abc import Sequence
from typing import Final

from services.ingest.extraction.vocabulary.characters import (
    CLAUSE_EDGES,
    COLONS,
    HAN,
    LIST_NUMBER,
    ROUND_CLOSING,
    ROUND_OPENING,
    SEPARATORS,
)
from services.ingest.extraction.vocabulary.role_words import BODY, LEAD, SUPPORT
from services.ingest.extraction.vocabulary.unit_names import LEVELS, OFFICE_ENDING, UNIT_ENDING

# An office may be the actor before 要 or 应; other units only before words such as 负责, because
# 学校要 and 企业应 name those whom a duty concerns.
_ACTING_OFFICE: Final = (
    f"(?P<actor>(?:[{HAN}（）]{{1,14}}?"
    f"{OFFICE_ENDING})"
    f"|[{LEVELS}团](?![场民域])[{HAN}（）]{{1,12}}?{UNIT_ENDING})"
)
_ACTING_UNIT: Final = f"(?P<actor>[{HAN}（）]{{1,14}}?{UNIT_ENDING})"
_OPENING: Final = re.compile(
    f"(?:^|[{CLAUSE_EDGES}]){LIST_NUMBER}?{_ACTING_OFFICE}(?:要(?!求)|应当?(?!用|急|对)|须|需要?)"
)
_OWES: Final = re.compile(f"(?:^|[{CLAUSE_EDGES}]){LIST_NUMBER}?{_ACTING_UNIT}(?:负责|牵头|会同)")
_BY: Final = re.compile(
    f"(?:^|[{SEPARATORS}{ROUND_OPENING}])由{_ACTING_UNIT}(?:负责|牵头|组织|统一|会同|承担|统筹|制定|按)"
)
_BRACKETED: Final = re.compile(
    f"[{ROUND_OPENING}](?:{LEAD}|{SUPPORT}|责任){BODY}[{COLONS}](?P<actor>[^{ROUND_CLOSING}]{{2,40}})[{ROUND_CLOSING}]"
)
# Collective words for the units in the unit column are not further actors.
_COLLECTIVE: Final = re.compile(
    f"^(?:全?[{LEVELS}]级?|县级|市直|区直|县直|省直)?(?:各级?|本|有关|相关|责任|各有关|各相关|所有|牵头|配合|其他|本级|[{HAN}]{{0,2}}该)"
    f"|(?:起草|制定|制作|发文|发布|承办|公开|责任|{LEAD}|{SUPPORT}){BODY}$"
    f"|^(?:责任)?{BODY}$|各(?:级|地|部门|单位|乡镇|镇|街道|科)"
)
_WORDY: Final = re.compile(r"[的把将对在为并使让从与按]")


def has_other_actor(text: str, names: Sequence[str]) -> bool:
    """Whether a sentence names an actor that is not in `names`."""
    return any(
        _is_other(match["actor"], names)
        for pattern in (_OPENING, _OWES, _BY, _BRACKETED)
        for match in pattern.finditer(text)
    )


def _is_other(actor: str, names: Sequence[str]) -> bool:
    if _COLLECTIVE.search(actor) or _WORDY.search(actor):
        return False
    return not any(actor in name or name in actor for name in names)
