"""Whether a date in a sentence is the duty's own deadline. Pure; texts are from `fold_text`.

A date is the deadline (8月底前实现…), or belongs to something else (6月底前完成的项目清单,
根据3月5日会议要求, 前三季度运行情况), or could be either (完成6月底前到期合同清理). Only the
first kind may replace a printed deadline.
"""

import re
from enum import Enum, auto, unique
from typing import Final

from services.ingest.extraction.dates.expressions import TimeParts, TimeToken
from services.ingest.extraction.vocabulary.characters import (
    CLAUSE_EDGES,
    COLONS,
    HAN,
    ROUND_CLOSING,
    ROUND_OPENING,
    SENTENCE_ENDS,
    SEPARATORS,
)
from services.ingest.extraction.vocabulary.time_words import TO

_CONTEXT: Final = 24  # characters beside a date that are examined
_VERBS: Final = (
    r"完成|投入|投用|建成|开工|动工|竣工|完工|启用|启动|上线|运行|印发|出台|制定|制订|修订|报送|上报|呈报|填报|报|公布|公开"
    r"|公示|发布|实现|达到|交付|办结|结束|落实|到位|开展|举办|组织|召开|形成|查漏|收官|见效|整改|更新|梳理|编制|提交"
    r"|开放|试行|试运行|验收|通报|建立|清理|清零|整理|汇总|反馈|推行|推广|推开|实施|部署|培训|检查|抽查|评估|总结|销号|取得"
    r"|进场|接入|归集|移交|拨付|兑现|下达|签订|解读|上传|录入|备案|审定|送审|审结|送|移送|提出|拿出|走访|排查|补齐|发放|复核"
)
_ADVERBS: Final = (
    r"(?:前|全面|全部|基本|正式|集中|统一|组织|分别|再次|继续|如期|按时|陆续|率先|要|须|应|需|应当|必须|务必|确保|力争|争取|再|各"
    r"|共|先|一并|同步|逐步|适时|牵头|负责|进一步|抓紧|就|已|均|都|并)*"
)
_OWN_VERB: Final = re.compile(rf"{_ADVERBS}(?:{_VERBS})")
# The content of a report: 6月份数据, 年末余额.
_QUANTITY_NOUN: Final = (
    r"(?:情况|数据|结果|进度|进展|成效|清单|名单|台账|报表|总量|数量|余额|存量|人数|总数|指标"
    r"|率|量|值|额|目录|信息|总结|报告)"
)
_REPORTED_QUANTITY: Final = re.compile(
    rf"(?:份|度|期间?|以来|末|底|中|内)?[^{SEPARATORS}{COLONS}\d]{{0,12}}?{_QUANTITY_NOUN}(?:等)?(?:$|[{SEPARATORS}{COLONS}等的进并和及报向上公通])"
)
# 6月底前完成情况: the verb is part of a report's name.
_VERB_NOUN: Final = re.compile(
    rf"{_ADVERBS}(?:完成|落实|整改|办结|办理|执行|实施|建成|推行|开展|验收|运行|开工|动工|竣工|投产|投用|推进|销号|达标|到位){{1,2}}"
    r"(?:工作)?的?(?:情况|进度|进展|成效|结果|总结|率|量|数量|数据|名单)"
)
_AFTER: Final = re.compile(
    f"(?:起|以来|后|之后|以后|开始|{TO}|正式?施行|实施的|印发的|发布的|出台的|修订的|期间|的)"
)
# 在6月底前, 确保6月底前: words before a date that introduce a deadline.
_LEADING: Final = re.compile(
    f"(?:截至|截止到?|力争|确保|争取|务必|务|原则上|最迟|不晚于|不迟于|赶在|须在|要在|于|在|{TO}|并|且|同时|应|须|需|要|请|统一"
    r"|分别|均|都|各|再|将|按要求|计划|推动|实现|尽快|提前|全部|全面|一律|必须|应当|组织|进一步|最晚|限|限期|限时|时限(?:为|是)|时间(?:为|是))$"
)
_UNTIL: Final = re.compile(r"(?:到|至|截至)$")
_OF: Final = re.compile(r"(?:度)?的")
_NO_END: Final = re.compile(
    r"(?:以来|起(?!草)|以后|之后|后|的(?!完成)"
    f"|[^{SEPARATORS}]{{0,4}}?(?:制定|印发|出台|发布|施行|实施|颁布|成立|建成|形成|受理|公布|下发|签订|开工)的)"
)
_ATTRIBUTE: Final = re.compile(
    r"(?:应当?|需要?|须|拟|计划|已经?|要|必须|能够?|可|未|尚未|不能|即将|将|新|所)?"
    rf"(?:(?:{_VERBS}|到期|届满|受理|施行|颁布|成立|下发|开业|入库|在建|在册|存在|发生|发现|发出|收到|登记|立项|批复|收集|存续|有效)"
    f"(?:完毕|完成|完结|完工|到位|好|结束|过|了)?)(?:并[{HAN}]{{2}})?的(?!$|[{CLAUSE_EDGES}])"
)
# 到期合同, 在建项目: an attribute without 的.
_BARE_ATTRIBUTE: Final = re.compile(
    r"(?:应当?|需|须|拟|即将|未|尚未|已|新)?(?:到期|届满|在建|在册|在库|在岗|入库|受理|存在|存量|现有|既有|有效|到账|立项|存续|开业)"
)
_PAST: Final = re.compile(
    r"(?:去年|上年度?|往年|历年|此前|截至目前|(?<![以之向从])上1?个?第?|前1?个?第?|历次|每逢)$"
)
_LEGAL_BASIS: Final = re.compile(
    f"(?:根据|按照|依据|依照|遵照|对照|参照|围绕|结合|落实|贯彻|针对|参考|学习|传达|执行)[^{CLAUSE_EDGES}]*$"
)
_OBJECT: Final = re.compile(
    r"(?:公开|公布|报送|上报|通报|发布|统计|汇总|梳理|清理|整理|收集|更新|编制|形成|核查|检查|抽查|排查|完成|开展|建立|制定|报|提交"
    r"|公示|披露|解读|分析|总结|掌握|反馈|填报|做好|审核|对|把|核对|核实|盘点|清查|摸清|整改|处理|办理|处置|解决|研究|开放|晒出|依据"
    r"|评估|考核|督办|督查|验收|归档|回访|抽取|比对|公告|宣传|推送|更正|修订|整合|登记|纳入|督促|复核)(?:好|了|各?)?$"
)
_EDGES: Final = SEPARATORS + COLONS + SENTENCE_ENDS + ROUND_OPENING + ROUND_CLOSING + "\0"


@unique
class DateRole(Enum):
    """A date in a sentence: the duty's own deadline, of something else, or ambiguous."""

    OWN = auto()
    OTHER = auto()
    UNSURE = auto()


def classify_date(token: TimeToken, text: str) -> DateRole:
    """Classify a date by the words before and after it."""
    parts = token.parts
    after = text[token.end : token.end + _CONTEXT]
    before = _take_clause_before(text[max(0, token.start - _CONTEXT) : token.start])
    if _PAST.search(before) or _NO_END.match(after) or _ATTRIBUTE.match(after):
        return DateRole.OTHER
    cites_basis = bool(_LEGAL_BASIS.search(before))
    ends = _is_period_end(parts)
    if parts.bare or parts.until:
        reaches = bool(parts.before or parts.uend or _UNTIL.search(before))
        return DateRole.OWN if reaches and not _OF.match(after) else DateRole.OTHER
    if parts.before or parts.within:
        return _classify_limit(before, after, cites_basis=cites_basis)
    if ends:
        return _classify_period_end(before, after, cites_basis=cites_basis)
    return DateRole.OWN if not cites_basis and _is_own(parts, before, after) else DateRole.OTHER


def _is_period_end(parts: TimeParts) -> bool:
    ends = parts.yend or parts.qend or parts.uend
    return bool(ends) or parts.part in ("底", "末", "月底", "上旬", "中旬", "下旬")


def _classify_limit(before: str, after: str, *, cites_basis: bool) -> DateRole:
    """Classify a date with 前 or 内, as 6月底前."""
    has_object = _OBJECT.search(before)
    if _BARE_ATTRIBUTE.match(after):
        return DateRole.UNSURE
    if cites_basis:
        return DateRole.UNSURE
    if _VERB_NOUN.match(after):
        return DateRole.UNSURE if not has_object else DateRole.OTHER
    if has_object and after and after[0] not in _EDGES:
        return DateRole.UNSURE
    return DateRole.OWN


def _classify_period_end(before: str, after: str, *, cites_basis: bool) -> DateRole:
    """Classify the end of a period (年末, 6月底, 上旬) by its place in the clause and the verb."""
    is_introduced = not before or bool(_LEADING.search(before))
    if cites_basis or _VERB_NOUN.match(after):
        return DateRole.OTHER
    if is_introduced and (_OWN_VERB.match(after) or not after or after[0] in _EDGES):
        return DateRole.OWN
    if _OBJECT.search(before):
        return DateRole.UNSURE if _OWN_VERB.match(after) else DateRole.OTHER
    if _OWN_VERB.match(after) or not after or after[0] in _EDGES:
        return DateRole.OWN
    if is_introduced and not _REPORTED_QUANTITY.match(after):
        return DateRole.OWN
    return DateRole.OTHER


def _is_own(parts: TimeParts, before: str, after: str) -> bool:
    """Whether a plain date (6月15日, 第三季度) is a deadline: by a verb or a preposition."""
    numeric = parts.compact or (parts.month and not parts.days)
    if numeric or _AFTER.match(after) or _VERB_NOUN.match(after):
        return False  # 2023.6: as likely a number as a month
    if _OBJECT.search(before):
        return False
    if _OWN_VERB.match(after):
        return True
    is_introduced = bool(_LEADING.search(before)) or not before
    return (
        is_introduced
        and before != ""
        and not _REPORTED_QUANTITY.match(after)
        and not _is_noun_phrase(after)
    )


def _is_noun_phrase(after: str) -> bool:
    """Whether the words up to the clause's end are a noun and no action: 3月25日会议."""
    return bool(
        re.match(f"[^{SEPARATORS}]{{0,6}}(?:会议|文件|通知|精神|要求|部署|方案|报告|总结)", after)
    )


def _take_clause_before(text: str) -> str:
    """The words since the beginning of the clause."""
    start = max((text.rfind(edge) for edge in _EDGES), default=-1)
    return text[start + 1 :]


def is_reporting_period(text: str, start: int, end: int) -> bool:
    """Whether a repeating day only dates reported figures: 公开每季度末存款余额."""
    before, after = (
        _take_clause_before(text[max(0, start - _CONTEXT) : start]),
        text[end : end + _CONTEXT],
    )
    return bool(_OBJECT.search(before) and _REPORTED_QUANTITY.match(after)) or bool(
        _ATTRIBUTE.match(after)
    )
