"""The owner of a paragraph: in its last bracket, its last words, or a line of labels below."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from services.ingest.extraction.actors.units import read_units
from services.ingest.extraction.vocabulary.characters import (
    BRACKETS,
    CLAUSE_ENDS,
    COLONS,
    HAN,
    OPENING,
    ROUND_CLOSING,
    ROUND_OPENING,
    SENTENCE_ENDS,
    SEPARATORS,
)
from services.ingest.extraction.vocabulary.labels import Role, get_role
from services.ingest.extraction.vocabulary.prose import is_closed
from services.ingest.extraction.vocabulary.role_words import BODY, LEAD, SUPPORT
from services.ingest.extraction.vocabulary.unit_names import has_unit_ending, is_unit_name

_LABEL: Final = re.compile(
    rf"(?:^|(?<=[{SEPARATORS}\s{OPENING}]))(?P<label>[{HAN}]{{2,4}}(?:[{ROUND_OPENING}/、][{HAN}]{{2,4}}[{ROUND_CLOSING}]?)?"
    f"[{HAN}]{{0,6}})[{COLONS}]"
    # These are labels anywhere in a line: layouts lose the blank before them.
    f"|(?P<sure>(?:{LEAD}|{SUPPORT}|责任|承办)(?:责任)?{BODY}|完成时[限间]|(?:牵头|责任)领导|责任人)[{COLONS}]"
)
_OWED_ROLES: Final = frozenset({Role.LEAD, Role.UNITS, Role.SUPPORT, Role.DEADLINE})
# 单位：万元 is a unit of measure; 填报单位 and 公开单位 name who wrote the document.
_NOT_OWNER: Final = re.compile(
    r"^(?:单位|部门|科室|责任)$|^(?:填报|报送|公开|发布|印发|抄送|主送|制表)"
)
_PERSON: Final = re.compile(r"领导|责任人|负责人|联系人|电话")
_ENDED: Final = re.compile(rf"[{SENTENCE_ENDS}”\s]*")
_CLOSED: Final = (*SENTENCE_ENDS, "”")
_VERB: Final = re.compile(r"牵头|负责|配合|落实|承办|(?:按|依)照?(?:各自)?职[责能]|分工")
_REMARK: Final = re.compile(
    r"^(?:不?含|如|例如|包括|即|原|指|下同|简称|以下|详?见|除|其中|此件|试行|另|据|注)|解释"
)
_MAX_OWED: Final = 400


@dataclass(slots=True)
class Owner:
    """The printed text for each unit role and for the deadline; `unread` holds persons."""

    units: dict[Role, str] = field(default_factory=dict)
    deadline: str = ""
    unread: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether the owner has units or a deadline."""
        return bool(self.units or self.deadline)


def read_label_line(text: str) -> Owner | None:
    """The owner in a line of labels (牵头单位：甲局；完成时限：6月底) or in a bracket alone.

    None for any other line.
    """
    bare = text.strip().rstrip(CLAUSE_ENDS)
    if list(_find_brackets(bare[:_MAX_OWED])) == [(0, len(bare))]:
        return _read_bracket(bare[1:-1])
    first = _LABEL.match(bare)
    if first is None or not (_get_owner_role(first) or _PERSON.search(_get_label(first))):
        return None
    return _read_labels(bare)


def _get_label(match: re.Match[str]) -> str:
    return match["label"] or match["sure"]


def is_empty_label(text: str) -> bool:
    """Whether the line is only a label, so that its value is in the next line."""
    match = _LABEL.fullmatch(text.strip())
    return bool(match and _get_owner_role(match))


def split_by_owner(text: str) -> Iterator[tuple[str, Owner | None]]:
    """Split a paragraph into parts, each with the owner at its end; the last may have none."""
    start = 0
    for begin, end in _find_brackets(text):
        inner = text[begin + 1 : end - 1]
        after = _ENDED.match(text, end)
        ends = after.end() if after else end
        closed = text[:begin].rstrip()[-1:] in _CLOSED or ends > end
        if begin <= start or not (closed or end == len(text)):
            continue
        owner = _read_bracket(inner)
        if owner:
            words = text[start:begin].rstrip()
            # A full stop after the bracket closes the sentence, unless one stands before it.
            yield words if is_closed(words) else words + text[end:ends].rstrip(), owner
            start = ends
    rest = text[start:]
    if rest:
        yield from _split_trailing_labels(rest)


def _split_trailing_labels(text: str) -> Iterator[tuple[str, Owner | None]]:
    """Split off labels that end a paragraph without brackets: `…。责任单位：甲局、乙局。`."""
    for match in _LABEL.finditer(text):
        if not _get_owner_role(match) or text[: match.start()].rstrip()[-1:] not in _CLOSED:
            continue
        tail = text[match.start() :]
        if all(map(_LABEL.match, filter(None, tail.split("。")))) and _is_balanced(tail):
            yield text[: match.start()].rstrip(), _read_labels(tail)
            return
    yield text, None


def _is_balanced(text: str) -> bool:
    """Whether the text has no closing bracket without an opening one."""
    return sum(text.count(c) for c in BRACKETS) >= sum(text.count(c) for c in BRACKETS.values())


def _find_brackets(text: str) -> Iterator[tuple[int, int]]:
    """The outermost pairs of brackets as (start, end); `end` is after the closing one."""
    depth, begin = 0, 0
    for index, char in enumerate(text):
        if char in BRACKETS:
            if depth == 0:
                begin = index
            depth += 1
        elif char in BRACKETS.values() and depth:
            depth -= 1
            if depth == 0:
                yield begin, index + 1


def _read_bracket(inner: str) -> Owner | None:
    """The owner in a bracket's text; None for any other remark."""
    if len(inner) > _MAX_OWED or _REMARK.search(inner):
        return None
    if _LABEL.match(inner):
        return _read_labels(inner)
    units = read_units(inner)
    everyone = units.open_ended and not units.names
    if units.stray or not (units.names or everyone):
        return None
    has_duty_words = bool(_VERB.search(inner)) and (
        everyone or any(map(has_unit_ending, units.names))
    )
    if everyone and not has_duty_words:
        return None
    if has_duty_words or all(map(is_unit_name, units.names)):
        return Owner({Role.UNITS: inner})
    return None


def _get_owner_role(match: re.Match[str]) -> Role | None:
    label = _get_label(match)
    if _NOT_OWNER.search(label):
        return None
    role = get_role(label)
    return role if role in _OWED_ROLES else None


def _read_labels(text: str) -> Owner:
    owner = Owner()
    marks = [
        m for m in _LABEL.finditer(text) if _get_owner_role(m) or _PERSON.search(_get_label(m))
    ]
    ends = [*[mark.start() for mark in marks], len(text)][1:]
    for mark, end in zip(marks, ends, strict=True):
        words = text[mark.end() : end].strip().rstrip(SEPARATORS).rstrip()
        role = _get_owner_role(mark)
        if role is None:
            owner.unread.append(f"{_get_label(mark)}：{words}")
        elif role is Role.DEADLINE:
            owner.deadline = "；".join(filter(None, (owner.deadline, words)))
        else:
            owner.units[role] = "；".join(filter(None, (owner.units.get(role, ""), words)))
    return owner
