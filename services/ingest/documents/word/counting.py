"""Numbers as word processors print them before paragraphs: 1, 01, ①, 一, 甲, a, iv."""

from collections.abc import Callable
from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_FORMAL: Final = "零壹贰叁肆伍陆柒捌玖"
_STEMS: Final = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES: Final = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"),
    (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


def written(number: int, form: str) -> str:
    """A number in one of the formats that ECMA-376 part 1, 17.18.59 names; else in digits."""
    write = _FORMS.get(form)
    return write(number) if write is not None else str(number)


def _chinese(number: int) -> str:
    return _counted(number, _DIGITS, "十百")


def _formal(number: int) -> str:
    return _counted(number, _FORMAL, "拾佰")


def _counted(number: int, digits: str, powers: str) -> str:
    """一 to 九百九十九, as lists count: 十一, 一百零一; digits beyond."""
    if not 0 < number < 1000:  # noqa: PLR2004
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{digits[hundreds]}{powers[1]}" if hundreds else ""
    if tens:
        text += powers[0] if tens == 1 and not hundreds else f"{digits[tens]}{powers[0]}"
    elif hundreds and ones:
        text += digits[0]
    return text + (digits[ones] if ones else "")


def _by_digits(number: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(abs(number)))


def _letter(number: int) -> str:
    """After z come aa and bb: a letter is repeated."""
    times, index = divmod(number - 1, 26)
    return chr(ord("a") + index) * min(times + 1, 20)


def _roman(number: int) -> str:
    if not 0 < number < 4000:  # noqa: PLR2004 - the numerals go no further
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text


def _from(first: str, count: int) -> Callable[[int], str]:
    """A run of signs in Unicode, from `first` on; digits beyond its end."""
    return lambda number: chr(ord(first) + number - 1) if 1 <= number <= count else str(number)


def _of(signs: str) -> Callable[[int], str]:
    return lambda number: signs[number - 1] if 1 <= number <= len(signs) else str(number)


_FORMS: Final[dict[str, Callable[[int], str]]] = {
    "bullet": lambda _: "",
    "none": lambda _: "",
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate(
        {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
    ),
    "decimalEnclosedCircle": _from("①", 20),
    "decimalEnclosedCircleChinese": _from("①", 20),
    "decimalEnclosedParen": _from("⑴", 20),
    "decimalEnclosedFullstop": _from("⒈", 20),
    "ideographEnclosedCircle": _from("㊀", 10),
    "ideographTraditional": _of(_STEMS),
    "ideographZodiac": _of(_BRANCHES),
    "ideographDigital": _by_digits,
    "japaneseDigitalTenThousand": _by_digits,
    "taiwaneseDigital": _by_digits,
    "chineseLegalSimplified": _formal,
    "ideographLegalTraditional": _formal,
    "lowerLetter": _letter,
    "upperLetter": lambda number: _letter(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
} | dict.fromkeys(
    ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting",
     "taiwaneseCountingThousand"),
    _chinese,
)  # fmt: skip
