"""The roles of columns by the words of their headers: one table, the first match decides."""

import re
from enum import Enum, auto, unique
from functools import lru_cache
from typing import Final

from services.ingest.extraction.vocabulary.characters import CLAUSE_ENDS, CLOSING, COLONS, OPENING
from services.ingest.extraction.vocabulary.prose import fold_width
from services.ingest.extraction.vocabulary.role_words import BODY, LEAD, SUPPORT


@unique
class Role(Enum):
    """What a column holds."""

    NUMBER = auto()
    CATEGORY = auto()
    NAME = auto()
    CONTENT = auto()
    LEAD = auto()
    UNITS = auto()
    SUPPORT = auto()
    DEADLINE = auto()
    FREQUENCY = auto()
    TARGET = auto()
    OTHER = auto()


# The first match decides, so the more specific words come first.
_LABELS: Final[tuple[tuple[Role, re.Pattern[str]], ...]] = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (Role.NUMBER, r"^(?:序号?|[编项]号|号|项次|(?:任务|事项|工作)?(?:序号|编号)|no\.?|№)$"),
        (
            Role.OTHER,
            (
                r"进展|完成情况|落实情况|(?:完成|目前|当前|落实|推进|实际)进度|进度情况|备注|说明$|联系|电话"
                r"|[一二三四1-4]季度|[上下]半年|考核|评分|分值|权重|督[办查](?!事项|内容|任务)|监[督管]|指导|成果|佐证|依据|来源|渠道|形式|方式"
                r"|对象|签[字名收]|(?:启动|开始|起始|交办|下达|发现|登记|填报|印发|成文|发布|接[收到])(?:时间|日期)"
            ),
        ),
        (Role.DEADLINE, r"时限|期限|时间|节点|截止|进度|日期|完成年限|时序|年限|时效"),
        (Role.FREQUENCY, r"频次|频率|周期|次数"),
        (
            Role.LEAD,
            (
                rf"(?:{LEAD}|主要责任|第一责任).*(?:{BODY}|主体)"
                rf"|^(?:{LEAD}|主要责任)$"
            ),
        ),
        (
            Role.SUPPORT,
            rf"(?:{SUPPORT}|共同).*{BODY}|^{SUPPORT}$",
        ),
        (
            Role.UNITS,
            (
                r"(?:责任|承办|负责|落实|实施|执行|主管|报送|公开|涉及|承担|分工)"
                rf".*(?:{BODY}|主体|地区)|公开(?:主体|责任)|责任主体"
                r"|^(?:任务|责任|职责)分工$|^责任$|^(?:部门|单位|科室|[县市区]直部门)$"
            ),
        ),
        (Role.OTHER, r"领导|责任人|负责人|联络员|姓名|主任|书记|局长"),
        (Role.TARGET, r"目标值|指标值|目标要求值|^(?:年度)?目标$"),
        (Role.CATEGORY, r"类别|分类|领域|板块|^(?:方面|类型|大类|专项|专题|项目类)$|一级"),
        (
            Role.CONTENT,
            (
                r"具体|内容|措施|举措|细化|分解|目标任务|工作要求|任务要求|主要(?:任务|工作)|做法"
                r"|职责|目标|要求$|[二三四]级|清单"
            ),
        ),
        (Role.NAME, r"名称|任务|事项|项目|重点|要点|工作|指标|问题"),
    )
)
NOT_LABEL: Final = re.compile(rf"[{CLAUSE_ENDS}]|\d{{4}}年\d|^\d+$")
MAX_LABEL: Final = 20


@lru_cache(maxsize=2048)
def get_role(label: str) -> Role | None:
    """The role of a column with this header, or None for an unknown header."""
    if len(label) > 3 * MAX_LABEL:
        return None
    folded = normalise_label(label)
    if not folded or len(folded) > MAX_LABEL or NOT_LABEL.search(folded):
        return None
    return next((role for role, pattern in _LABELS if pattern.search(folded)), None)


def normalise_label(label: str) -> str:
    """The label without blanks and without bracketed remarks."""
    folded = fold_width(label).lower()
    return re.sub(f"[{OPENING}].*?[{CLOSING}]", "", folded).strip(COLONS) or folded
