"""Reads the State Council's yearly notice of holidays (国务院办公厅关于…节假日安排的通知). Pure.

A notice has an item for each festival: its name, a colon, the days off (放假), perhaps how many
they are (共N天), and the make-up working days (上班). Preamble and closing paragraphs are skipped.
"""

import re
from dataclasses import dataclass, field, replace

from services.ingest.domain.holiday_notices.checking import check_festivals
from services.ingest.domain.holiday_notices.days import DAY, DayReader
from services.ingest.domain.holiday_notices.items import Item, list_items
from services.ingest.domain.holiday_notices.notice import (
    DoubtCode,
    Festival,
    NamedDay,
    Notice,
    NoticeDoubt,
)
from services.ingest.domain.holiday_notices.squeezing import Squeezed, fold_text
from services.ingest.domain.refusals import Fault, RefusedError

_SENTENCE = re.compile(r"[^。;；!]+")
_VERB = re.compile(r"(?P<no>不|无需|不再|不用)?(?P<verb>放假|休息|上班|补班)")
_WORKS = ("上班", "补班")
_CHINESE_DIGITS = "一二三四五六七八九十"
_COUNT = re.compile(rf"(?:共计?|合计|放假|休息)(\d{{1,2}}|两|[{_CHINESE_DIGITS}])[天日]")
_ADVICE = re.compile("鼓励|提倡|带薪")
_REST_AFTER_SIGNATURE = re.compile(r"(?:\(.*\))?")


def read_text(text: str, year: int | None = None) -> Notice:
    """Read a pasted notice.

    Args:
        text: the notice, with or without its title, preamble and closing paragraphs.
        year: of the notice, where the text does not name it; the text's own year comes first.
            Of a text with the notices of several years, that of `year` is read.

    Raises:
        RefusedError: the text names no year or no festival, or it has notices of several years.
    """
    squeezed = fold_text(text)
    named_year, items = _choose_notice(list_items(squeezed), year)
    if not items:
        raise RefusedError(
            Fault.INVALID,
            "文中没有找到节日安排。The text has no item of a festival.",
            "请粘贴通知全文，各节日写作“一、元旦：1月1日放假……”。"
            "Paste the whole notice, with items such as 一、元旦：1月1日放假.",
        )
    if named_year is None:
        raise RefusedError(
            Fault.INVALID,
            "文中没有写明年份。The text does not say of which year it is.",
            "请连同标题一起粘贴，或指明年份（`year`）。Paste its title too, or give `year`.",
        )
    doubts: list[NoticeDoubt] = []
    items[-1] = replace(items[-1], end=_find_end(squeezed, items[-1]))
    festivals = tuple(_read_item(squeezed, item, named_year, doubts) for item in items)
    doubts += check_festivals(named_year, festivals)
    return Notice(named_year, festivals, tuple(sorted(doubts, key=lambda doubt: doubt.line)))


def _choose_notice(items: list[Item], year: int | None) -> tuple[int | None, list[Item]]:
    """The year to read and its items. Items above the first title belong to `year`."""
    years = list(dict.fromkeys(item.year for item in items if item.year is not None))
    if len(years) > 1 and year not in years:
        listed = "、".join(map(str, years))
        raise RefusedError(
            Fault.INVALID,
            f"文中有几份通知：{listed} 年。The text has several notices: of {listed}.",
            "请只粘贴其中一份，或指明年份（`year`）。Paste one of them, or give `year`.",
        )
    chosen = year if len(years) > 1 else next(iter(years), year)
    return chosen, [item for item in items if item.year in {chosen, None}]


@dataclass(slots=True)
class _Days:
    """The days of an item or a sentence."""

    off: list[NamedDay] = field(default_factory=list)
    work: list[NamedDay] = field(default_factory=list)


def _read_item(squeezed: Squeezed, item: Item, year: int, doubts: list[NoticeDoubt]) -> Festival:
    line = squeezed.get_line(item.begin)
    reader = DayReader(squeezed, year, "元旦" in item.names, doubts)
    days, counts = _Days(), list[tuple[int, int, int]]()
    for sentence in _SENTENCE.finditer(squeezed.text, item.body, item.end):
        counted = list(_COUNT.finditer(squeezed.text, sentence.start(), sentence.end()))
        own = _read_sentence(reader, sentence.start(), sentence.end(), counted)
        days.off += own.off
        days.work += own.work
        counts += [
            (_read_number(count[1]), len(own.off), squeezed.get_line(count.start()))
            for count in counted
        ]
    for written, in_sentence, place in counts:
        if written not in {in_sentence, len(days.off)}:
            doubts.append(_make_count_doubt(item, written, len(days.off), place))
    return Festival(item.names, line, tuple(days.off), tuple(days.work))


def _read_sentence(reader: DayReader, begin: int, end: int, counted: list[re.Match[str]]) -> _Days:
    """The days of a sentence: each verb takes the dates since the verb before it."""
    text, days = reader.squeezed.text, _Days()
    if advice := _ADVICE.search(text, begin, end):
        end = advice.start()
    dates = [
        match
        for match in DAY.finditer(text, begin, end)
        if not any(count.start() <= match.start() < count.end() for count in counted)
    ]
    for verb in _VERB.finditer(text, begin, end):
        own = [match for match in dates if match.end() <= verb.start()]
        dates = dates[len(own) :]
        if own and verb["no"]:
            _add_unread_doubt(reader, own)
        elif own:
            (days.work if verb["verb"] in _WORKS else days.off).extend(reader.read(own))
    if dates and not _is_signature(text, dates):
        _add_unread_doubt(reader, dates)
    return days


def _is_signature(text: str, dates: list[re.Match[str]]) -> bool:
    """Whether the only date stands with its year at the end of the text."""
    last = dates[-1]
    is_last = _REST_AFTER_SIGNATURE.fullmatch(text, last.end()) is not None
    return len(dates) == 1 and last["year"] is not None and is_last


def _find_end(squeezed: Squeezed, item: Item) -> int:
    """Where the last item ends: before a date with its year that has a line of its own.

    That is the date of the signature. What a web page has below it is no part of the notice.
    """
    for match in DAY.finditer(squeezed.text, item.body, item.end):
        alone = squeezed.is_line_start(match.start()) and squeezed.is_line_end(match.end())
        if match["year"] and alone:
            return match.start()
    return item.end


def _read_number(written: str) -> int:
    if written == "两":
        return 2
    return int(written) if written.isdecimal() else _CHINESE_DIGITS.index(written) + 1


def _make_count_doubt(item: Item, written: int, read: int, line: int) -> NoticeDoubt:
    name = "、".join(item.names)
    return NoticeDoubt(
        DoubtCode.COUNT_DIFFERS,
        line,
        f"{name}：文中写共 {written} 天，读到 {read} 天休息。"
        f"Of {name} the text says {written} days off, and names {read}.",
        "天数和日期必有一误，请对照通知原文。The number or the days are wrong: see the notice.",
    )


def _add_unread_doubt(reader: DayReader, dates: list[re.Match[str]]) -> None:
    written = "、".join(match[0] for match in dates)
    reader.doubts.append(
        NoticeDoubt(
            DoubtCode.SENTENCE_UNREAD,
            reader.squeezed.get_line(dates[0].start()),
            f"没有读懂“{written}”是放假还是上班。Is {written} off or worked?",
            "请写明“放假”或“上班”。Say 放假 (off) or 上班 (worked).",
        )
    )
