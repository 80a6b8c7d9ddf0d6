"""The frame of a plan: its title, year, issuer and date of issue, and what is a note."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.ingest.documents.grid import Paragraph
from services.ingest.extraction.vocabulary.characters import (
    CLAUSE_EDGES,
    CLOSING,
    COLONS,
    HAN,
    NUMBER_POINTS,
    NUMERALS,
    OPENING,
    ROUND_OPENING,
    SQUARE_OPENING,
    STARS,
    YEAR_DIGITS,
)
from services.ingest.extraction.vocabulary.prose import fold_text, fold_width, is_closed, tidy
from services.ingest.extraction.vocabulary.role_words import BODY
from services.ingest.extraction.vocabulary.time_words import TO, YEAR_NUMBER
from services.ingest.extraction.vocabulary.unit_names import (
    BUREAU_ENDING,
    LEVELS,
    ORGANISATION_ENDING,
    PLACE_PREFIX,
    has_organisation_ending,
    has_unit_ending,
)

_BRACKETED_REMARK: Final = f"(?:[{OPENING}].{{0,20}}[{CLOSING}])?$"
_CERTAIN_KINDS: Final = "表|清单|台账|要点|方案|计划|一览|分工|通知|意见|责任书|分解"
_CERTAIN_KIND: Final = re.compile(f"(?:{_CERTAIN_KINDS}){_BRACKETED_REMARK}")
# 任务, 目录 and 安排 also end a heading inside a plan.
_KIND: Final = re.compile(f"(?:{_CERTAIN_KINDS}|安排|目录|任务){_BRACKETED_REMARK}")
_NOT_TITLE: Final = re.compile(
    r"^(?:附件|附表|附|抄送|单位|填报|制表|联系|注|备注|说明|各|根据|为|主题词|\d+$|第.{1,4}[章节条]"
    rf"|[{NUMERALS}]+、|\d{{1,2}}[{NUMBER_POINTS}](?!\d)|[{ROUND_OPENING}])"
)
_PREFIX: Final = re.compile(rf"^附[件表]?\s*[\d{NUMERALS}]*\s*[{COLONS}.、]\s*(?=\S)")
_ISSUED: Final = re.compile(r"(?<!\d)(\d{4})年(\d{1,2})月(\d{1,2})日(?:印发|发布|制|编制|起草)?$")
_YEAR: Final = re.compile(rf"(?<!\d)({YEAR_NUMBER})(?=年|年度|\D|$)")
_YEAR_NAME: Final = re.compile(rf"({YEAR_NUMBER})(?:年度?)?(?![\d年.\-/]).{{0,12}}$")
_SPAN: Final = re.compile(f"({YEAR_NUMBER})年?{TO}({YEAR_NUMBER})年?")
# 滁州市, 新乡市, 沙市区: a place's name may contain the character of another level.
_LEVEL: Final = r"(?:自治[区州县旗]|[州乡镇旗盟](?![市县区])|市(?!区(?![域级直]))|省|县|区|街道)"
_PLACE: Final = f"(?:[{HAN}]{{1,11}}?{_LEVEL})"
_WORD: Final = f"(?:(?!政务|工作|公开|信息|任务|重点|政府|年)[{HAN}])"
_ORGANISATION: Final = (
    r"(?:(?:人民)?政府办公[室厅]|人民政府|[县市区省州]?委办公[室厅]|委员会"
    r"|政务公开(?:工作)?(?:领导小组)?(?:办公室|办)"
    f"|{_WORD}{{1,12}}?{BUREAU_ENDING}(?![会员])(?:办公室)?"
    r"|政府(?=关于|\d{4}年)"
    rf"|{_WORD}{{0,12}}?{ORGANISATION_ENDING}"
    f"(?:办公室)?(?=关于|{YEAR_NUMBER}年|政务|政府信息|重点|工作|年度|$))"
)
_ISSUER: Final = re.compile(rf"^(?P<issuer>(?!全[省市县区]|各){_PLACE}{{1,3}}{_ORGANISATION}?)")
# 县卫健局2023年…: a bureau without its place's name
_BUREAU: Final = re.compile(
    rf"^(?P<issuer>[{LEVELS}]?{_WORD}{{0,10}}?(?:{BUREAU_ENDING}|政府))(?=关于|\d{{4}}年)"
)
# 县档案馆关于…, 政务公开办2023年…: any unit before these words
_BEFORE_SUBJECT: Final = re.compile(f"(?P<issuer>[{HAN}]+?)(?=关于|{YEAR_NUMBER}年)")
# 县级公立医院, 各部门, 市属企业: a group of units issues nothing.
_GROUP: Final = re.compile(
    f"^全|各|^[{LEVELS}][级直属域内](?!属?机关.)|^[{LEVELS}]?(?:中小|公立|民办|基层|乡镇)"
    f"|(?:{BODY}|企业|主体|机关)$"
)
_ISSUING_BODY: Final = re.compile(rf"^(?:{_PLACE}{{0,3}})?{_ORGANISATION}$")
_NOTE: Final = re.compile(
    rf"^[{ROUND_OPENING}]?(?:注|备注|说明|填表说明|附注|注释)\d?\s*[{COLONS}.、]|^[※{STARS}]"
)


_MAX_TITLE: Final = 80
_MAX_ISSUER: Final = 24


@dataclass(frozen=True, slots=True)
class Frame:
    """Title, year and issuer of a plan. `issued` is the document's own date."""

    title: str | None
    year: int | None
    issuer: str | None
    issued: date | None
    spans: bool = False
    """The title names several years (2021—2025年), so a date without a year is ambiguous."""


def read_frame(before: Sequence[Paragraph], after: Sequence[Paragraph], name: str) -> Frame:
    """Read title, year, issuer and date from the paragraphs before and after the first table."""
    title = _find_title(before)
    lines = [tidy(p.text) for p in (*before, *after)]
    issued = next((d for d in map(_find_date, lines) if d), None)
    year = _find_year(title or "")
    if year is None:
        year = next((y for y in map(_find_year, [fold_width(p.text) for p in before]) if y), None)
    if year is None:
        year = issued.year if issued else _find_year(fold_width(name))
    issuer = _find_issuer(title) or next((i for i in map(_match_organisation, lines) if i), None)
    return Frame(title, year, issuer, issued, spans=_is_span(title or ""))


def read_own_year(heading: Sequence[Paragraph]) -> int | None:
    """The year that is printed over a table: in a title, or by a sheet's name (2023年旧表)."""
    title = _find_title(heading)
    if title is not None:
        return _find_year(title)
    years = (_YEAR_NAME.match(fold_width(each.text)) for each in heading)
    return next((int(match[1]) for match in years if match), None)


def _is_span(title: str) -> bool:
    folded = fold_text(title)
    span, single = _SPAN.search(folded), _YEAR.search(folded)
    return bool(span and single and span.start() <= single.start() and span[1] != span[2])


def is_note(text: str) -> bool:
    """Whether a line is a footnote or a remark on the table."""
    return bool(_NOTE.match(text.strip()))


def _find_title(before: Sequence[Paragraph]) -> str | None:
    lines = [_PREFIX.sub("", tidy(p.text.replace("\n", ""))) for p in before]
    titles = [index for index, line in enumerate(lines) if is_title(line)]
    sure = [index for index in titles if _CERTAIN_KIND.search(fold_width(lines[index]))]
    if not titles:
        return None
    index = (sure or titles)[-1]
    above = lines[index - 1] if index else ""
    if above and _find_year(lines[index]) is None and _is_upper_half(above):
        return above + lines[index]
    return lines[index]


def is_title(line: str) -> bool:
    """Whether a line could be the title of a plan: it ends in the name of a kind of document."""
    folded = fold_width(line)
    return bool(
        _KIND.search(folded)
        and not _NOT_TITLE.match(folded)
        and len(folded) <= _MAX_TITLE
        and not is_closed(line)
    )


def _is_upper_half(line: str) -> bool:
    """Whether the line is the first half of a title on two lines."""
    folded = fold_width(line)
    short = 4 <= len(folded) <= 50  # noqa: PLR2004 - a line of large print
    plain = (
        not re.search(rf"[{CLAUSE_EDGES}{COLONS}{SQUARE_OPENING}]", folded)
        and _find_date(line) is None
    )
    return short and plain and not _NOT_TITLE.match(folded)


def _find_year(text: str) -> int | None:
    folded = fold_text(text)
    if _SPAN.search(folded):
        return int(_SPAN.findall(folded)[0][0])
    match = _YEAR.search(folded)
    return int(match.group(1)) if match else None


def _find_issuer(title: str | None) -> str | None:
    if not title:
        return None
    text = (
        re.sub(r"^.*?关于(?:印发|做好|下发|落实|分解)?", "", title)
        if title.startswith("关于")
        else title
    )
    text = re.sub(f"^[《〈{ROUND_OPENING}]+", "", text)
    text = re.sub(r"^(?:关于|印发)+", "", text)
    if re.match(r"(?:学习|贯彻|落实|执行)", text):
        return None  # the title names the issuer of the document that is carried out
    text = re.sub(
        rf"^(?:[\d{YEAR_DIGITS}]{{4}}年?{TO})?[\d{YEAR_DIGITS}]{{4}}年(?:度)?(?:上半年|下半年)?",
        "",
        text,
    )
    match = _ISSUER.match(text) or _BUREAU.match(text)
    if match:
        return None if _GROUP.search(match["issuer"]) else match["issuer"]
    head = _BEFORE_SUBJECT.match(text)
    return head["issuer"] if head and _is_one_unit(head["issuer"]) else None


def _is_one_unit(text: str) -> bool:
    """Whether the text is the name of one unit, not of a group of units."""
    named = has_organisation_ending(text) or (PLACE_PREFIX.match(text) and has_unit_ending(text))
    return bool(named) and 3 <= len(text) <= _MAX_ISSUER and not _GROUP.search(text)  # noqa: PLR2004


def _match_organisation(line: str) -> str | None:
    """The line if it is an organisation's name, as a signature is."""
    known = 4 <= len(line) <= _MAX_ISSUER and _ISSUING_BODY.fullmatch(line)  # noqa: PLR2004
    local = PLACE_PREFIX.match(line) and has_organisation_ending(line) and _is_one_unit(line)
    return line if (known or local) and not _GROUP.search(line) else None


def _find_date(line: str) -> date | None:
    match = _ISSUED.search(fold_text(line).strip("()"))
    if not match or len(line) > 40:  # noqa: PLR2004 - a sentence is no dateline
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
