"""Chinese numerals to digits, only where they count something in time."""

import re
from typing import Final

from services.ingest.extraction.vocabulary.characters import NUMERALS, ONES, YEAR_DIGITS
from services.ingest.extraction.vocabulary.time_words import BEFORE, COUNTERS, JOINERS, TO

_DIGITS: Final = {c: str(i) for i, c in enumerate("零" + ONES)} | {"〇": "0", "○": "0", "两": "2"}
_YEAR: Final = re.compile(f"[{YEAR_DIGITS}]{{4}}(?=年)")
_TENS: Final = f"[两{ONES}]?十[{ONES}]?"
_COUNT: Final = re.compile(
    rf"(?<![{NUMERALS}百千万第])(?:{_TENS}|[两{ONES}])"
    rf"(?=月[^刊]|月$|[日号](?:{BEFORE}|内|$)|(?!期[间限])[{COUNTERS}]|个(?:月|工作日|自然日)|个?季度)"
)
# 一至十月: the first numeral of a span of months
_FIRST_MONTH: Final = re.compile(
    f"(?<![{NUMERALS}百千万第])(?:{_TENS}|[{ONES}])(?={TO}(?:{_TENS}|[{ONES}])月)"
)
_QUARTERS: Final = re.compile(f"第?[一二三四](?:[{JOINERS}至]第?[一二三四])+(?=个?季度)")
_QUARTER: Final = re.compile(r"第?([一二三四])(?=个?季度)")


def parse_numeral(text: str) -> int | None:
    """The value of digits or of a Chinese numeral below one hundred, else None."""
    if text.isdecimal():
        return int(text)
    if len(text) == 1 and text in _DIGITS:
        return int(_DIGITS[text])
    if not re.fullmatch(_TENS, text):
        return None
    tens, ones = text.split("十")
    return int(_DIGITS[tens] if tens else 1) * 10 + int(_DIGITS[ones] if ones else 0)


def to_digits(text: str) -> str:
    """The text with 二〇二三年, 六月, 三十日, 一次 written in digits; all else is untouched."""
    text = _YEAR.sub(lambda m: "".join(_DIGITS[c] for c in m.group()), text)
    text = _QUARTERS.sub(lambda m: "".join(_DIGITS.get(c, c) for c in m.group()), text)
    text = _QUARTER.sub(lambda m: f"第{_DIGITS[m.group(1)]}", text)
    text = _FIRST_MONTH.sub(lambda m: str(parse_numeral(m.group())), text)
    text = _COUNT.sub(lambda m: str(parse_numeral(m.group())), text)
    # 六月三十日: the day counts too once its month is known.
    return re.sub(
        f"(?<=月)(?:[二三]?十[{ONES}]?|[{ONES}])(?=[日号])",
        lambda m: str(parse_numeral(m.group())),
        text,
    )
