"""The formats of automatic paragraph numbers in word processors: 1, 01, ①, 一, 甲, a, iv."""

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


def format_number(number: int, form: str) -> str:
    """A number in one of the formats of ECMA-376 part 1, 17.18.59; in digits for other formats."""
    write = _FORMS.get(form)
    return write(number) if write is not None else str(number)


def _write_chinese(number: int) -> str:
    return _write_with_powers(number, _DIGITS, "十百")


def _write_formal(number: int) -> str:
    return _write_with_powers(number, _FORMAL, "拾佰")


def _write_with_powers(number: int, digits: str, powers: str) -> str:
    """The numerals of lists from 一 to 九百九十九 (十一, 一百零一); other numbers in digits."""
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


def _write_digits(number: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(abs(number)))


def _write_letter(number: int) -> str:
    """A to z, then repeated letters: aa, bb."""
    times, index = divmod(number - 1, 26)
    return chr(ord("a") + index) * min(times + 1, 20)


def _write_roman(number: int) -> str:
    if not 0 < number < 4000:  # noqa: PLR2004 - the numerals go no further
        return str(number)
    text = ""
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        text += letters * count
    return text


def _use_run(first: str, count: int) -> Callable[[int], str]:
    """A format of `count` consecutive Unicode signs from `first`; other numbers in digits."""
    return lambda number: chr(ord(first) + number - 1) if 1 <= number <= count else str(number)


def _use_signs(signs: str) -> Callable[[int], str]:
    return lambda number: signs[number - 1] if 1 <= number <= len(signs) else str(number)


_FORMS: Final[dict[str, Callable[[int], str]]] = {
    "bullet": lambda _: "",
    "none": lambda _: "",
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate(
        {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"}
    ),
    "decimalEnclosedCircle": _use_run("①", 20),
    "decimalEnclosedCircleChinese": _use_run("①", 20),
    "decimalEnclosedParen": _use_run("⑴", 20),
    "decimalEnclosedFullstop": _use_run("⒈", 20),
    "ideographEnclosedCircle": _use_run("㊀", 10),
    "ideographTraditional": _use_signs(_STEMS),
    "ideographZodiac": _use_signs(_BRANCHES),
    "ideographDigital": _write_digits,
    "japaneseDigitalTenThousand": _write_digits,
    "taiwaneseDigital": _write_digits,
    "chineseLegalSimplified": _write_formal,
    "ideographLegalTraditional": _write_formal,
    "lowerLetter": _write_letter,
    "upperLetter": lambda number: _write_letter(number).upper(),
    "lowerRoman": _write_roman,
    "upperRoman": lambda number: _write_roman(number).upper(),
} | dict.fromkeys(
    ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting",
     "taiwaneseCountingThousand"),
    _write_chinese,
)  # fmt: skip
