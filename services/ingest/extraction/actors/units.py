"""Unit lists: names as printed, lead units, and open-ended lists."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ingest.extraction.actors.printed import (
    AND_OTHERS,
    BODY_KIND,
    LONGEST_NAME,
    NAME_SEPARATOR,
    mend_printed,
)
from services.ingest.extraction.dates.dates import read_cell
from services.ingest.extraction.vocabulary.characters import (
    BLANK_CELL,
    BRACKETS,
    CIRCLED,
    CLAUSE_EDGES,
    CLAUSE_ENDS,
    CLOSING,
    COLONS,
    HAN,
    LIST_NUMBER,
    NUMBER_POINTS,
    OPENING,
    ROUND_CLOSING,
    ROUND_OPENING,
    SEPARATORS,
    STARS,
)
from services.ingest.extraction.vocabulary.numerals import parse_numeral
from services.ingest.extraction.vocabulary.prose import fold_text
from services.ingest.extraction.vocabulary.role_words import BODY, LEAD, SUPPORT
from services.ingest.extraction.vocabulary.unit_names import (
    LEVELS,
    has_organisation_ending,
    has_unit_ending,
)

_OTHERS: Final = re.compile(rf"^(?:及|和|以及)?各?(?:其他|其它|有关|相关)+各?{BODY_KIND}$")
_SOME: Final = re.compile(rf"(?:有关|相关)(?:的)?{BODY_KIND}$")
_DUTY_WORDS: Final = re.compile(
    r"(?:等?)(?:(?:按照?|依据?|根据)(?:各自)?(?:职责|职能|分工|任务)+(?:分工)?)?(?:分别|共同|具体|组织|按分工)*"
    r"(?:负责|落实|实施|承办|(?<!政)协办|(?<![委大协联商工])会办|参与|参加|配合|协助|抓好|做好)+(?:落实|实施|配合|推进|办理)*$"
    r"|(?:按照?(?:各自)?(?:职责|职能)(?:分工)?)$"
)
_LEAD_WORDS: Final = re.compile(
    f"(?:分别|共同|联合|负责)*{LEAD}(?:负责|落实|办理|组织|实施|抓总)*$|作?为{LEAD}{BODY}$"
)
_SUPPORT_WORDS: Final = re.compile(f"作?为(?:{SUPPORT}|责任){BODY}$")
_LEAD_MARK: Final = re.compile(f"[{OPENING}]为?{LEAD}(?:责任)?(?:{BODY}|负责)?[{CLOSING}]$")
_STAR: Final = re.compile(f"^[{STARS}]|[{STARS}]$")
_OTHER_MARK: Final = re.compile(f"[{OPENING}]为?{SUPPORT}{BODY}?[{CLOSING}]$")
_LABEL: Final = re.compile(
    f"(?P<lead>(?:{LEAD}|第一责任)(?:责任|[{ROUND_OPENING}]责任[{ROUND_CLOSING}])?{BODY}|{LEAD})[{COLONS}]"
    f"|(?P<other>(?:责任|{SUPPORT}|承办|完成|落实|实施)(?:责任)?{BODY}"
    f"|{SUPPORT}|责任)[{COLONS}]"
    f"|(?P<person>[{HAN}]{{0,6}}(?:责任人|负责人|领导|联系人|联系电话|电话))[{COLONS}]"
)
_NO_COLON: Final = re.compile(
    rf"(?:^|(?<=[{CLAUSE_EDGES}\n]))(?=(?:{LEAD}|{SUPPORT}|责任){BODY}(?![{SEPARATORS}{COLONS}\n]|$))"
    f"(?P<label>[{HAN}]{{4}})(?=[{LEVELS}各局办])"
)
_MARKS: Final = re.compile(f"^(?:{LIST_NUMBER}|由|及(?=各|其)|以及|和(?=各|其))")
# 县财政局及各乡镇: a conjunction between two whole names, unlike that in 文化和旅游局.
_AND: Final = re.compile(r"以及|及|和|与")
_NOT_UNIT: Final = re.compile(
    r"^(?:社会资本|所属|其所|下属|直属|(?:人民)?政府|管委会|党工委|办事处)"
)
_NUMBERED: Final = re.compile(
    rf"(?<=[{HAN}）])(?=(?:\d{{1,2}}[{NUMBER_POINTS}]|[{CIRCLED}])[{HAN}])"
)
# 各县、市、区政府: one group, whose parts are not names by themselves.
_LEVELS: Final = re.compile(
    rf"各(?:有关|相关)?[{LEVELS}街村](?:[、/][{LEVELS}街村]){{1,4}}(?=人民政府|政府|党|管|[{SEPARATORS}\n{ROUND_OPENING}]|$)"
)
_KINDS: Final = re.compile(rf"{BODY}、{BODY}(?=[{SEPARATORS}\n]|$)")
_INNER: Final = str.maketrans("、/", "\x1e\x1f")
_OUTER: Final = str.maketrans("\x1e\x1f", "、/")
_CONTINUOUS: Final = re.compile(
    r"^(?:全年)?(?:持续(?:推进|实施|开展|落实)?|长期(?:坚持|推进|实施)?|常态化(?:推进|开展)?|全年)$"
)
_VERBAL: Final = re.compile(
    r"^(?:负责|做好|开展|落实|完成|组织|指导|协助|参与|推进|推动|按照?|根据|加强|建立|制定)"
)
_ANY_YEAR: Final = 2000  # for a plan without a year: only whether a text is a date matters
_MAX_ITEM: Final = 200  # a name with its duty; anything longer is a sentence


@dataclass(slots=True)
class UnitList:
    """A cell's units. `dates` and `stray` hold items that are not units."""

    printed: str = ""
    names: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    lead: list[str] = field(default_factory=list)
    open_ended: bool = False
    dates: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    starred: bool = False


def read_units(text: str, year: int | None = None, *, starred: bool = False) -> UnitList:
    """Read the units in printed order. `year` is the plan's, to recognise a date in the list.

    `starred` says that by the document's rule units with a star lead.
    """
    units = UnitList(printed=mend_printed(text), starred=starred)
    listed = _NO_COLON.sub(r"\g<label>：", _strip_brackets(units.printed))
    listed = _NUMBERED.sub("\n", listed)
    listed = _LEVELS.sub(lambda match: match.group().translate(_INNER), listed)
    listed = _KINDS.sub(lambda match: match.group().translate(_INNER), listed)
    for label, part in _split_by_label(listed):
        if label == "person":
            units.stray.append(part.strip(SEPARATORS + " \n"))
        else:
            _read_part(part, units, year, lead=label == "lead")
    return units


def _strip_brackets(text: str) -> str:
    """The list without the pair of brackets that encloses all of it."""
    closing = BRACKETS.get(text[:1])
    if closing and text.endswith(closing) and text.find(closing) == len(text) - 1:
        return text[1:-1]
    return text


def _split_by_label(text: str) -> Iterator[tuple[str, str]]:
    """Parts under labels such as 牵头单位：, with `lead`, `other` or `person` as their kind."""
    marks = list(_LABEL.finditer(text))
    if not marks:
        yield "", text
        return
    if text[: marks[0].start()].strip():
        yield "", text[: marks[0].start()]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        yield mark.lastgroup or "", text[mark.end() : end]


def _read_part(part: str, units: UnitList, year: int | None, *, lead: bool) -> None:
    pending: list[str] = []
    for clause in re.split(rf"(?<=[^{ROUND_OPENING}])[{CLAUSE_ENDS}\n]", part):
        for item in _split_items(clause):
            name, leads = _read_name(item, units, year)
            if name and name not in units.seen:
                units.seen.add(name)
                units.names.append(name)
            if name:
                pending.append(name)
            if leads:
                # 甲局、乙局牵头: all units of this clause before the word lead.
                units.lead.extend(n for n in pending if n not in units.lead)
                pending = []
            elif name and (lead or _LEAD_MARK.search(item) or _has_star(item, units)):
                units.lead.extend([name] if name not in units.lead else [])
        pending = []


def _split_items(text: str) -> Iterator[str]:
    """Split at separators outside brackets."""
    depth, start = 0, 0
    for index, char in enumerate(text):
        if char in BRACKETS:
            depth += 1
        elif char in BRACKETS.values():
            depth = max(0, depth - 1)
        elif depth == 0 and NAME_SEPARATOR.match(text, index):
            yield from _split_conjunction(text[start:index].translate(_OUTER).strip())
            start = index + 1
    yield from _split_conjunction(text[start:].translate(_OUTER).strip())


def _split_conjunction(item: str) -> Iterator[str]:
    """Split two names that 及, 和 or 会同 joins."""
    if "会同" in item:
        left, _, right = item.partition("会同")
        yield left
        yield from _split_conjunction(right)
        return
    start = 0
    if len(item) <= _MAX_ITEM:
        for match in _AND.finditer(item):
            left, right = item[start : match.start()], item[match.end() :]
            whole = len(left) > 1 and has_organisation_ending(left) and not _NOT_UNIT.match(right)
            follows = has_unit_ending(_DUTY_WORDS.sub("", AND_OTHERS.sub("", right)))
            if whole and follows and left.count("（") == left.count("）"):
                yield left
                start = match.end()
    yield item[start:]


def _read_name(item: str, units: UnitList, year: int | None) -> tuple[str, bool]:
    """The unit's name, and whether the item says that it and the units before it lead.

    The name is empty for an item that is not a unit; `units` records what it is.
    """
    bare = _STAR.sub("", _MARKS.sub("", item))
    name = _OTHER_MARK.sub("", _LEAD_MARK.sub("", bare)).strip(" .")
    if len(name) > _MAX_ITEM:
        units.stray.append(name)
        return "", False
    if BLANK_CELL.fullmatch(name) or parse_numeral(name) is not None:
        return "", False
    leads = bool(_LEAD_WORDS.search(name))
    name = _SUPPORT_WORDS.sub("", _LEAD_WORDS.sub("", name))
    name = _DUTY_WORDS.sub("", name)
    if _OTHERS.fullmatch(name) or AND_OTHERS.fullmatch(name):
        units.open_ended = True
        return "", leads
    if AND_OTHERS.search(name):
        units.open_ended = True
        name = AND_OTHERS.sub("", name)
    if _is_date(name, year):
        units.dates.append(name)
        return "", leads
    if _SOME.search(name):
        units.open_ended = True
    if len(name) > LONGEST_NAME or (_VERBAL.match(name) and not has_unit_ending(name)):
        units.stray.append(name)
        return "", leads
    return name, leads


def _has_star(item: str, units: UnitList) -> bool:
    return units.starred and bool(_STAR.search(item))


def _is_date(name: str, year: int | None) -> bool:
    if _CONTINUOUS.match(name):
        return True
    if not re.search(r"[年月季]", name):
        return False
    dates_read = read_cell(fold_text(name), year or _ANY_YEAR)
    return bool(dates_read.dates) and not re.search(r"[局委办部]", dates_read.rest)


def merge_unit_lists(lists: Sequence[UnitList]) -> UnitList:
    """Merge several unit cells into one list: names in column order, each once."""
    filled = [each for each in lists if each.names or each.open_ended or each.dates or each.stray]
    whole = UnitList(printed="；".join(each.printed for each in filled or lists if each.printed))
    for part in lists:
        whole.names.extend(name for name in part.names if name not in whole.seen)
        whole.seen.update(part.names)
        whole.lead.extend(name for name in part.lead if name not in whole.lead)
        whole.open_ended = whole.open_ended or part.open_ended
        whole.dates.extend(part.dates)
        whole.stray.extend(part.stray)
    return whole
