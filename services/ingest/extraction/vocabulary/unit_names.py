"""The closed sets of the domain's words that every reader of a plan shares. Pure.

A unit's name ends with `UNIT_ENDING`. Endings of places (县, 镇) and ambiguous words (站, 场)
count only where the context is known to be a list of units.
"""

import re
from typing import Final

from services.ingest.extraction.vocabulary.characters import BRACKETS, CLOSING, OPENING
from services.ingest.extraction.vocabulary.patterns import alternate

LEVELS: Final = "省市县区州盟旗镇乡"
"""The administrative levels (article 30 of the constitution; 盟 and 旗 of 内蒙古)."""

# What only an organisation's name ends with: institutions of a county by their directories.
_ORGANISATION_ENDINGS: Final = (
    "局", "委", "办", "厅", "院", "署", "处", "科", "股", "室", "所", "会", "社", "协", "联", "团",
    "委员会", "委办局", "办公室", "办事处", "中心", "公司", "集团", "银行", "支行", "分行",
    "信用社", "大学", "学院", "学校", "中学", "小学", "幼儿园", "党校", "职高", "职校", "校",
    "医院", "卫生院", "法院", "检察院", "海关", "税务", "支队", "大队", "中队", "总队", "队",
    "编办", "政府", "政协", "人大", "单位", "部门", "机构", "企业", "主体", "专班", "管委",
    "管委会", "指挥部", "领导小组", "工作组", "组织部", "宣传部", "统战部", "武装部", "社会工作部",
    "农工部", "本部", "分部", "项目部", "营业部", "机关", "工委", "党委", "党组", "党工委", "组",
    "供电", "电力", "烟草", "移动", "电信", "联通", "邮政", "气象台", "图书馆", "档案馆", "文化馆",
    "博物馆", "馆", "研究院", "卫生室", "服务站", "工作站", "检测站", "监测站", "管理站", "推广站",
    "窗口", "基地", "联社", "报社", "电视台", "广播站", "国资", "红会", "工会", "妇联", "残联",
    "科协", "文联", "侨联", "工商联", "商会", "协会", "学会", "基金会", "合作社", "居委会",
    "村委会", "平台公司", "事务所", "物业",
)  # fmt: skip
# Places that stand for their governments, and words that also end other names.
_PLACE_ENDINGS: Final = (
    "区", "县", "市", "州", "盟", "旗", "镇", "乡", "街", "街道", "社区", "村", "村居", "居", "园",
    "园区", "新区", "高新区", "经开区", "开发区", "苏木", "乡镇", "镇街", "景区", "口岸", "农场",
    "林场", "牧场", "场", "水库", "库", "厂", "站", "台", "部", "矿", "港", "行", "段", "书店",
    "宫",
)  # fmt: skip
# The places that owe duties by their own names.
_TOWN_ENDINGS: Final = ("街道", "镇", "乡", "区", "乡镇", "村", "园区")
# Endings that identify a unit in a bracket without other words; 所, 馆 and 队 do not.
_CERTAIN_ENDINGS: Final = (
    "局", "委", "办", "部", "厅", "院", "署", "处", "科", "室", "组", "中心", "公司", "集团",
    "政府", "街道", "乡镇", "镇", "街", "村居", "单位", "部门", "机构", "委员会", "法院", "检察院",
    "联", "会", "专班", "区", "县", "市", "银行", "指挥部", "支行", "分行", "中学", "小学", "大学",
    "学院", "派出所",
)  # fmt: skip

_PARTY_DEPARTMENTS: Final = ("组织部", "宣传部", "统战部", "武装部", "社会工作部", "农工部")
_OFFICE_ENDINGS: Final = (
    "部门", "局", "委员会", "委", "办公室", "办", "中心", "机构", "单位", "政府", "厅", "院",
    "公司", "协会", "科", "股", "处", *_PARTY_DEPARTMENTS,
)  # fmt: skip
_BUREAU_ENDINGS: Final = ("局", "委员会", "厅", "委", "管委会")

ORGANISATION_ENDING: Final = alternate(_ORGANISATION_ENDINGS)
"""A pattern for the end of an organisation's name."""
ORGANISATION_OR_TOWN_ENDING: Final = alternate(_ORGANISATION_ENDINGS + _TOWN_ENDINGS)
"""The same, and places that owe duties by their own names."""
UNIT_ENDING: Final = alternate(_ORGANISATION_ENDINGS + _PLACE_ENDINGS)
"""A pattern for the end of any unit's name, a place that stands for its government too."""
OFFICE_ENDING: Final = alternate(_OFFICE_ENDINGS)
"""A pattern for the end of an authority's name: its duties may be stated by 要 or 应 alone."""
BUREAU_ENDING: Final = alternate(_BUREAU_ENDINGS)
"""A pattern for the end of a bureau's name: in a title it may stand before any word."""

_BRACKETED_REMARK: Final = rf"(?:[{OPENING}].{{0,30}}[{CLOSING}])?"
_UNIT_END: Final = re.compile(rf"{UNIT_ENDING}$|[{CLOSING}]$")
_CERTAIN_END: Final = re.compile(rf"{alternate(_CERTAIN_ENDINGS)}$|[{CLOSING}]$")
_ORGANISATION_END: Final = re.compile(rf"{ORGANISATION_ENDING}{_BRACKETED_REMARK}$")
# 局, 员会, 公司: never a whole name.
_NAME_TAIL: Final = re.compile(
    rf"(?:{alternate(word for word in _ORGANISATION_ENDINGS if len(word) == 1)}"
    r"|员会|公室|事处|导小组|挥部|察院|[分支总子]?公司|[镇村部])"
)
# 管理局, 服务中心, 人民法院: the rest of a name, unless the line before ends one.
_NAME_FRAGMENT: Final = re.compile(
    r"(?:管理|监督|服务|综合|执法|行政|事务|建设|开发|人民|救援|巡警|交警|交通警察|监管|保障|改革|农村|旅游|环境|生态)*"
    rf"{ORGANISATION_ENDING}"
)
_BODY_WITH_OFFICE: Final = re.compile(r"(?:委|政府|人大|政协|会|领导小组|指挥部|专班)$")
_ADMINISTRATIVE_LEVELS: Final = re.compile(f"[{LEVELS}街团国中各]+")
_PLACE_AND_LEVEL: Final = 2
"""Characters of 市委: no unit is named so briefly."""
PLACE_PREFIX: Final = re.compile(f"[{LEVELS}团国中各]")
_PARTY_OR_GOVERNMENT: Final = re.compile(
    rf"[{LEVELS}]?(?:委|党委|政府|人民政府|人大|政协|人大常委会)"
)
_PARTY_OFFICE: Final = re.compile(
    r"(?:组织|宣传|统战|政法|编办|网信|机要|保密|巡察|老干|社会工作|党校|机关|目标|督查|农办|农工|财经|深改|改革|办|研究|政策)"
)
_PLACE_NAME: Final = re.compile(r"[\u4e00-\u9fff]{1,4}(?:自治)?[县市区州旗]")
# 各乡镇 ｜ 人民政府, 富驿镇 ｜ 人民政府: the second half of a place's own body
GOVERNMENT_BODY: Final = re.compile(
    r"(?:人民)?政府|管委会|党[工]?委|办事处|安委[会办]|人民代表|(?:镇|街道)(?!.*[局委厅])"
)


def has_unit_ending(text: str) -> bool:
    """Whether the text ends like a unit's name, or with a bracket after one."""
    return bool(_UNIT_END.search(text))


def has_organisation_ending(text: str) -> bool:
    """Whether the text ends like an organisation's name: not a place, not an ambiguous word."""
    return bool(_ORGANISATION_END.search(text))


def is_unit_name(text: str) -> bool:
    """Whether a text alone in a bracket is a unit's name: 县档案馆, 财政局, not 公共场所."""
    if len(text) <= _PLACE_AND_LEVEL or text[0] in BRACKETS:
        return False
    return bool(_CERTAIN_END.search(text) or (has_unit_ending(text) and PLACE_PREFIX.match(text)))


def is_split_name(left: str, right: str) -> bool:
    """Whether a line break in a unit list is inside a name.

    `left` is the last name of a line, `right` the first of the next, both without separators.
    """
    if not left or not right:
        return False
    if any(left.count(a) > left.count(b) for a, b in BRACKETS.items()):
        return True
    begin_alike = len(left) > _PLACE_AND_LEVEL and left[0] == right[0]
    if begin_alike and PLACE_PREFIX.match(right) and has_unit_ending(right):
        return False  # 县农发行 ｜ 县审计局: both names begin alike
    if (
        not has_unit_ending(left)
        or _ADMINISTRATIVE_LEVELS.fullmatch(left)
        or _NAME_TAIL.fullmatch(right)
    ):
        return True
    office = right in ("办公室", "办") and _BODY_WITH_OFFICE.search(left)
    if office or (_NAME_FRAGMENT.fullmatch(right) and not has_organisation_ending(left)):
        return True
    return _is_second_half(left, right)


def _is_second_half(left: str, right: str) -> bool:
    """Whether two texts that both end like unit names are the halves of one name."""
    if GOVERNMENT_BODY.match(right):
        return not has_organisation_ending(left)
    if _PARTY_OR_GOVERNMENT.fullmatch(left) and not PLACE_PREFIX.match(right):
        return bool(_PARTY_OFFICE.match(right))
    alone = _PLACE_NAME.fullmatch(left) and not _PLACE_NAME.fullmatch(right)
    return bool(alone) and not PLACE_PREFIX.match(right)
