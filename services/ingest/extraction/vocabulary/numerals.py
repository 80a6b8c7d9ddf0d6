"""Chinese numerals to digits, only where they count something in time."""

import re
from typing import Final

_DIGITS: Final = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "两": "2"}
_YEAR: Final = re.compile(r"[〇零一二三四五六七八九]{4}(?=年)")
_COUNT: Final = re.compile(
    r"(?<![一二三四五六七八九十百千万第])(?:[二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
    r"(?=月[^刊]|月$|[日号](?:前|之前|以前|内|$)|次|场|期(?![间限])|轮|回|遍|个(?:月|工作日|自然日)|个?季度|篇|条)"
)
_QUARTERS: Final = re.compile(r"第?[一二三四](?:[、,和及至]第?[一二三四])+(?=个?季度)")
_QUARTER: Final = re.compile(r"第?([一二三四])(?=个?季度)")


def parse_numeral(text: str) -> int | None:
    """The value of digits or of a Chinese numeral below one hundred, else None."""
    if text.isdecimal():
        return int(text)
    if len(text) == 1 and text in _DIGITS:
        return int(_DIGITS[text])
    if not re.fullmatch(r"[二两三四五六七八九]?十[一二三四五六七八九]?", text):
        return None
    tens, ones = text.split("十")
    return int(_DIGITS[tens] if tens else 1) * 10 + int(_DIGITS[ones] if ones else 0)


def to_digits(text: str) -> str:
    """The text with 二〇二三年, 六月, 三十日, 一次 written in digits; all else is untouched."""
    text = _YEAR.sub(lambda m: "".join(_DIGITS[c] for c in m.group()), text)
    text = _QUARTERS.sub(lambda m: "".join(_DIGITS.get(c, c) for c in m.group()), text)
    text = _QUARTER.sub(lambda m: f"第{_DIGITS[m.group(1)]}", text)
    text = _COUNT.sub(lambda m: str(parse_numeral(m.group())), text)
    # 六月三十日: the day counts too once its month is known.
    return re.sub(
        r"(?<=月)(?:[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])(?=[日号])",
        lambda m: str(parse_numeral(m.group())),
        text,
    )
