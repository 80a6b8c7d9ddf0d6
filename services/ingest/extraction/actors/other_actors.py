"""Actors that only the text of a duty names, and not its unit column."""

import re
from collections.abc import Sequence
from typing import Final

from services.ingest.extraction.vocabulary.unit_names import UNIT_ENDING

# An office may be the actor before 要 or 应; other units only before words such as 负责, because
# 学校要 and 企业应 name those whom a duty concerns.
_ACTING_OFFICE: Final = (
    r"(?P<actor>(?:[\u4e00-\u9fff（）]{1,14}?"
    r"(?:部门|(?:组织|宣传|统战|武装)部|局|委员会|委|办公室|办|中心|机构|单位|政府|厅|院|公司|协会|科|股|处))"
    rf"|[省市县区州镇乡团](?![场民域])[\u4e00-\u9fff（）]{{1,12}}?{UNIT_ENDING})"
)
_ACTING_UNIT: Final = rf"(?P<actor>[\u4e00-\u9fff（）]{{1,14}}?{UNIT_ENDING})"
_NUMBERED: Final = r"(?:[（(]?[\d一二三四五六七八九十]{1,3}[)）.、．])?"
_OPENING: Final = re.compile(
    rf"(?:^|[。；;，,]){_NUMBERED}{_ACTING_OFFICE}(?:要(?!求)|应当?(?!用|急|对)|须|需要?)"
)
_OWES: Final = re.compile(rf"(?:^|[。；;，,]){_NUMBERED}{_ACTING_UNIT}(?:负责|牵头|会同)")
_BY: Final = re.compile(
    rf"(?:^|[，,；;。、（(])由{_ACTING_UNIT}(?:负责|牵头|组织|统一|会同|承担|统筹|制定|按)"
)
_BRACKETED: Final = re.compile(
    r"[（(](?:牵头|责任|配合)(?:单位|部门)[:：](?P<actor>[^）)]{2,40})[)）]"
)
# Collective words for the units in the unit column are not further actors.
_COLLECTIVE: Final = re.compile(
    r"^(?:全?[省市县区镇乡州]级?|县级|市直|区直|县直|省直)?(?:各级?|本|有关|相关|责任|各有关|各相关|所有|牵头|配合|其他|本级|[一-鿿]{0,2}该)"
    r"|(?:起草|制定|制作|发文|发布|承办|主办|公开|责任|牵头|配合)(?:部门|单位|机构|科室|股室|处室)$"
    r"|^(?:单位|部门|机构|责任单位)$|各(?:级|地|部门|单位|乡镇|镇|街道|科)"
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
