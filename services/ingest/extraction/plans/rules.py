"""Rules that a document states once for all its tasks: lead units, further units, deadlines."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.actors.owners import split_by_owner
from services.ingest.extraction.models import PlanWarning, ReviewCode
from services.ingest.extraction.titles import is_note
from services.ingest.extraction.vocabulary.characters import (
    ARTICLES,
    LIST_NUMBER,
    LIST_NUMERAL,
    STARS,
)
from services.ingest.extraction.vocabulary.prose import fold_width, tidy

_FIRST_LEADS: Final = re.compile(
    r"(?:列|排)(?:名|在|位|序)*(?:第一位?|首位|最前)[^。;]{0,12}?为[^。;]{0,6}?(?:牵头|汇总|主责|主办)"
    r"|第一(?:个|责任)?(?:责任)?单位[^。;]{0,6}?为[^。;]{0,4}?牵头"
    r"|单位[^。;]{0,6}?(?:第一|首)[个位]?[^。;]{0,8}?为[^。;]{0,4}?牵头"
)
_STARS_LEAD: Final = re.compile(f"[{STARS}][^。;]{{0,12}}?牵头")
_OWNERS_LEAD: Final = re.compile(
    r"(?:无|没有|未(?:列|明确|注明))牵头(?:单位|部门)[^。;]{0,8}?责任(?:单位|部门)[^。;]{0,4}?为牵头"
)
# Statements about all tasks that are in no row: they are reported as warnings.
_FOR_ALL: Final = re.compile(
    r"(?:均需|均由|均应由|均涉及|都由)[^。]{2,40}?(?:负责|落实|参与)"
    r"|(?:未|没有)(?:注明|明确|标明|写明)[^。]{0,12}?(?:时限|期限|时间)[^。]{0,30}?(?:底|前)"
    r"|除[^。]{0,16}?(?:时限|期限|时间)[^。]{0,12}?外[^。]{0,30}?(?:底|前)"
    r"|(?:所有|全部|各项|上述|以上|其余|其他|本表)[^。,]{0,10}?(?:任务|事项|工作|项目|内容)[^。]{0,16}?[底末日月]前"
)
_NUMBERED: Final = re.compile(rf"{LIST_NUMBER}|第(?:{LIST_NUMERAL}|\d{{1,4}})[{ARTICLES}]")


@dataclass(frozen=True, slots=True)
class LeadRules:
    """The document's rules about lead units; each holds for the whole plan.

    Attributes:
        first_leads: the first unit of a list leads (湖州 and 杭州 2020, 鄂州 2010, 北京).
        stars_lead: units marked with a star lead.
        owners_lead: without a lead unit the responsible unit leads (武汉 2020).
    """

    first_leads: bool = False
    stars_lead: bool = False
    owners_lead: bool = False


def read_lead_rules(paragraphs: Iterable[Paragraph]) -> LeadRules:
    """Read the rules about lead units from the paragraphs around the tasks."""
    lines = [fold_width(paragraph.text) for paragraph in paragraphs]

    def is_stated(rule: re.Pattern[str]) -> bool:
        return any(rule.search(line) for line in lines)

    return LeadRules(is_stated(_FIRST_LEADS), is_stated(_STARS_LEAD), is_stated(_OWNERS_LEAD))


def list_unread_items(paragraphs: Sequence[Paragraph]) -> Iterator[PlanWarning]:
    """Warnings for numbered paragraphs outside the table that name an owner: they are not read."""
    for paragraph in paragraphs:
        text = tidy(paragraph.text)
        if _NUMBERED.match(text) and any(owner for _, owner in split_by_owner(text)):
            yield PlanWarning(
                code=ReviewCode.NOT_UNDERSTOOD,
                where=paragraph.place,
                message=f"表外的编号段落未读取：{text}",
            )


def list_general_rules(paragraphs: Sequence[Paragraph]) -> Iterator[PlanWarning]:
    """Warnings for paragraphs with units or deadlines for every task: they are in no row.

    Notes are reported by the table reader.
    """
    for paragraph in paragraphs:
        if _FOR_ALL.search(fold_width(paragraph.text)) and not is_note(paragraph.text):
            yield PlanWarning(
                code=ReviewCode.NOT_UNDERSTOOD,
                where=paragraph.place,
                message=f"可能适用于全部任务：{tidy(paragraph.text)}",
            )
