"""Which column is which: told by the words of its header, wherever it stands."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto, unique
from functools import lru_cache
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.prose import half_width


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


# Read from the top: the first that fits decides, so the narrower words stand first.
_LABELS: Final[tuple[tuple[Role, re.Pattern[str]], ...]] = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (Role.NUMBER, r"^(?:序号?|[编项]号|号|项次|(?:任务|事项|工作)?(?:序号|编号)|no\.?|№)$"),
        (
            Role.OTHER,
            (
                r"进展|完成情况|落实情况|备注|说明$|联系|电话|考核|评分|分值|权重|督[办查]"
                r"|监[督管]|指导|成果|佐证|依据|来源|渠道|形式|方式|对象|签[字名收]"
            ),
        ),
        (Role.DEADLINE, r"时限|期限|时间|节点|截止|进度|日期|完成年限|时序|年限|时效"),
        (Role.FREQUENCY, r"频次|频率|周期|次数"),
        (
            Role.LEAD,
            (
                r"(?:牵头|主责|主办|主要责任|第一责任).*(?:单位|部门|[科处股]室|机构|主体)"
                r"|^(?:牵头|主责|主办|主要责任)$"
            ),
        ),
        (
            Role.SUPPORT,
            (
                r"(?:配合|协办|协同|参[与加]|会办|协助|协作|共同).*(?:单位|部门|[科处股]室|机构)"
                r"|^(?:配合|协办|会办)$"
            ),
        ),
        (
            Role.UNITS,
            (
                r"(?:责任|承办|负责|落实|实施|执行|主管|报送|公开|涉及|承担|分工)"
                r".*(?:单位|部门|[科处股]室|机构|主体|地区)|公开(?:主体|责任)|责任主体"
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
                r"|职责|工作目标|二级|清单"
            ),
        ),
        (Role.NAME, r"名称|任务|事项|项目|重点|要点|工作|指标|问题"),
    )
)
_NOT_LABEL: Final = re.compile(r"[。；;]|\d{4}年\d|^\d+$")
_COUNT: Final = re.compile(r"\d{1,4}[.、]?")
_MAX_LABEL: Final = 20
_MAX_HEIGHT: Final = 3
_SEARCHED: Final = 40

# The more exact the word, the likelier the column holds the duties themselves.
_DUTY_WORDS: Final = (
    re.compile(r"具体内容|具体(?:任务|工作|措施|举措|事项)|措施|举措"),
    re.compile(r"内容|细化|分解"),
    re.compile(r"主要(?:任务|工作)|目标任务|二级"),
    re.compile(r"."),
)


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header: a role and a label for each column, and the rows it takes."""

    roles: tuple[Role, ...]
    labels: tuple[str, ...]
    start: int
    height: int
    paired: int | None = None
    """Where one printed header spans a category and a name column: the category's index."""


@lru_cache(maxsize=2048)
def role_of(label: str) -> Role | None:
    """The role that a header's words tell, or None for words that no header uses."""
    if len(label) > 3 * _MAX_LABEL:
        return None
    folded = _bare(label)
    if not folded or len(folded) > _MAX_LABEL or _NOT_LABEL.search(folded):
        return None
    return next((role for role, pattern in _LABELS if pattern.search(folded)), None)


def _bare(label: str) -> str:
    """The label without blanks and without bracketed remarks."""
    folded = half_width(label).lower()
    return re.sub(r"[(\[【〔].*?[)\]】〕]", "", folded).strip(":：") or folded


def find_header(rows: Sequence[Row], start: int = 0, searched: int = _SEARCHED) -> Header | None:
    """The first header at or after `start`: one row, or up to three that read together.

    A header names a column of duties and at least one of units or deadlines.
    """
    for index in range(start, min(len(rows), start + searched)):
        best: Header | None = None
        for height in range(1, _MAX_HEIGHT + 1):
            end = index + height
            if end > len(rows) or _is_body(rows[end - 1]):
                break
            header = _read(rows[index:end], index, rows[end : end + _SEARCHED])
            better = best is None or (header is not None and _known(header) > _known(best))
            if header is not None and (better or _is_lower_half(rows[end - 1])):
                best = header
        if best is not None:
            return best
    return None


def may_head(row: Row) -> bool:
    """Whether a row could begin a header: cheap, since every body row is asked."""
    fresh = {cell.text for cell in row.cells if cell.text and not (cell.above or cell.left)}
    labels = [text for text in fresh if len(text) <= _MAX_LABEL]
    return len(fresh) > 1 and len(labels) == len(fresh) and any(map(role_of, labels))


def _is_lower_half(row: Row) -> bool:
    """A row of labels alone under a header, as 牵头单位 and 配合单位 under 责任单位."""
    fresh = [cell.text for cell in row.cells if cell.text and not cell.above]
    return bool(fresh) and all(role_of(text) is not None for text in fresh)


def _known(header: Header) -> int:
    return sum(1 for role in header.roles if role is not Role.OTHER)


def _is_body(row: Row) -> bool:
    """A row with a number, a sentence or a date cannot be part of a header."""
    texts = [half_width(cell.text) for cell in row.cells if not cell.above]
    return any(
        len(text) > _MAX_LABEL or _NOT_LABEL.search(text) or re.search(r"\d", text)
        for text in texts
    )


def _read(rows: Sequence[Row], start: int, body: Sequence[Row]) -> Header | None:
    if len({cell.text for cell in rows[0].cells if cell.text}) < 2:  # noqa: PLR2004
        return None  # a banner over the header
    width = max(len(row.cells) for row in rows)
    stacks = [[_label(row, column) for row in rows] for column in range(width)]
    roles: list[Role | None] = []
    labels: list[str] = []
    for stack in stacks:
        parts = list(dict.fromkeys(part for part in stack if part))
        label = "".join(parts)
        narrow = role_of(parts[-1]) if parts else None
        whole = role_of(label)
        roles.append(whole if narrow in (None, Role.NAME, Role.CONTENT) else narrow)
        labels.append(label)
    if any(len(part) > _MAX_LABEL for stack in stacks for part in stack):
        return None
    for column in range(width - 1):
        if labels[column] in ("", labels[column + 1]) and _counts(body, column):
            roles[column] = Role.NUMBER
    settled, paired = _settle(roles, labels, rows[-1])
    duty = Role.CONTENT in settled
    owed = {Role.UNITS, Role.LEAD, Role.SUPPORT, Role.DEADLINE} & set(settled)
    if not duty or not owed:
        return None
    return Header(tuple(settled), tuple(labels), start, len(rows), paired)


def _counts(body: Sequence[Row], column: int) -> bool:
    """Whether a column without a header of its own holds the tasks' numbers."""
    texts = [row.cells[column].text for row in body if column < len(row.cells)]
    shown = [half_width(text) for text in texts if text.strip()]
    return bool(shown) and sum(1 for text in shown if _COUNT.fullmatch(text)) * 3 >= 2 * len(shown)


def _label(row: Row, column: int) -> str:
    if column >= len(row.cells) or row.cells[column].above:
        return ""
    return half_width(row.cells[column].text)


def _settle(roles: list[Role | None], labels: list[str], row: Row) -> tuple[list[Role], int | None]:
    """Decide among the text columns which is category, name and duty, by their order."""
    settled = [role or Role.OTHER for role in roles]
    texts = [i for i, role in enumerate(settled) if role in (Role.NAME, Role.CONTENT)]
    if not texts:
        return settled, None
    duty = min(texts, key=lambda i: (_duty_rank(settled[i], labels[i]), -i))
    if settled[duty] is Role.NAME:
        duty = texts[-1]
    left = [i for i in texts if i < duty] or [
        i for i in texts if i > duty and roles[i] is Role.NAME
    ][:1]
    for i in texts:
        settled[i] = Role.OTHER
    settled[duty] = Role.CONTENT
    paired = None
    if left:
        settled[left[-1]] = Role.NAME
        taken = Role.CATEGORY in settled
        for i in left[:-1]:
            settled[i] = Role.OTHER if taken else Role.CATEGORY
            taken = True
        spans = left[-1] < len(row.cells) and row.cells[left[-1]].left
        if spans and len(left) > 1 and labels[left[-2]] == labels[left[-1]]:
            paired = left[-2]
    return _once(settled, labels), paired


def _duty_rank(role: Role, label: str) -> int:
    if role is Role.NAME:
        return len(_DUTY_WORDS)
    return next(rank for rank, word in enumerate(_DUTY_WORDS) if word.search(label))


def _once(settled: list[Role], labels: list[str]) -> list[Role]:
    """A second number column is unread; 单位 beside a unit column is a unit of measure."""
    named = sum(1 for role in settled if role in (Role.UNITS, Role.LEAD))
    seen_number = False
    for i, role in enumerate(settled):
        if role is Role.NUMBER:
            settled[i] = Role.OTHER if seen_number else role
            seen_number = True
        elif role is Role.UNITS and named > 1 and _bare(labels[i]) == "单位":
            settled[i] = Role.OTHER
    return settled
