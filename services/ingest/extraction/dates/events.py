"""Deadlines relative to an event: 收到之日起5日内, 国庆前, 上级部署后. Texts are folded."""

import re
from typing import Final

from services.ingest.extraction.vocabulary.characters import CLAUSE_EDGES, CLAUSE_ENDS, NUMERALS
from services.ingest.extraction.vocabulary.time_words import (
    ANY_UNIT,
    DAY_UNIT,
    EVENT_NAME,
    SHORT_UNIT,
    WITHIN,
)

_COUNTED: Final = re.compile(
    rf"(?:之日起?|以?后|起|收到|接到|批复|通过|变更|形成)[^{CLAUSE_ENDS}]{{0,10}}?\d{{1,3}}个?{ANY_UNIT}{WITHIN}"
    rf"|(?:会|事|次|节)[前后](?:\d{{1,3}}|[两{NUMERALS}])个?(?:{DAY_UNIT}|周|月)|(?:提|时限|[^\d月日]{{2}})前\d{{1,3}}个?(?:{DAY_UNIT}|周|月)"
    rf"|(?<![\d月.])\d{{1,3}}个?{SHORT_UNIT}{WITHIN}"
)
_DURATION: Final = rf"\d{{1,3}}(?:\.\d)?个?{SHORT_UNIT}"
# 审批时限压缩至3个工作日以内: a duration to be reached, not a deadline.
_MEASURED: Final = re.compile(
    r"(?:压缩|压减|缩短|缩减|精简|减少|减至|降至|降低|下降|控制|提速|优化|限定|时限|时长|用时|耗时|时间|平均|不超过|不高于|不大于|承诺"
    f"|推行|实现|稳定|保持)(?:[^{CLAUSE_EDGES}前后]{{0,20}}?{_DURATION})?[^{CLAUSE_EDGES}前后]{{0,20}}?{_DURATION}(?:之|以)?(?:内|下)?"
)
_DONE: Final = (
    r"(?:完成|办结|完工|竣工|建成|到位|落实|报送|上报|走访|启动|开展|组织"
    r"|做好|公开|清理|检修|排查|补齐|提交|印发|公布|投用|结束|进行|召开)"
)
_BEFORE_EVENT: Final = re.compile(
    rf"(?:{EVENT_NAME}(?:节|期|日|到来|来临|开始|召开|举办|举行)?(?:之|以)?前夕?"
    rf"|(?:赶在|须在|应在|要在|务必在|确保在|力争在)[^{CLAUSE_EDGES}\d]{{1,10}}(?<!目)(?<!提)(?:之|以)?前)"
    f"[^{CLAUSE_EDGES}]{{0,6}}?{_DONE}"
)
# 上级部署后启动, 文件印发后开展
_AFTER_ORDER: Final = re.compile(
    rf"(?:部署|通知|批复|文件|方案|通过|下达|印发)(?:到位|要求|印发|下发|下达)?(?:之|以)?后(?:立即|及时|再|即|按要求)*,?{_DONE}"
)


def is_counted_from_event(text: str) -> bool:
    """Whether days or hours are counted from an event without a date."""
    return bool(_COUNTED.search(text))


def is_event_relative(text: str, *, dated: bool) -> bool:
    """Whether the deadline in a sentence depends on an event without a date.

    For a duty with a date (`dated`) a duration that is itself the target is ignored.
    """
    rest = _MEASURED.sub("", text) if dated else text
    return is_counted_from_event(rest) or bool(
        _BEFORE_EVENT.search(text) or _AFTER_ORDER.search(text)
    )
