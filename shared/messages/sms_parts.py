"""How many parts a short message costs (3GPP TS 23.038 and 23.040). Pure.

A text in the GSM alphabet has 160 characters alone and 153 in each of several parts; any other text
is UCS-2, with 70 and 67. A signature 【…】 is a part of the text, and makes it UCS-2. What counts
twice is never divided between two parts: a character of the GSM extension table, and in UCS-2 one
outside the Basic Multilingual Plane.
"""

from collections.abc import Sequence

UCS2_ALONE, UCS2_PART = 70, 67
GSM_ALONE, GSM_PART = 160, 153
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
_LAST_OF_PLANE = 0xFFFF


def count_parts(text: str) -> int:
    """How many parts `text` costs; an empty text costs one."""
    if all(each in _GSM or each in _GSM_EXTENDED for each in text):
        return _count_filled([1 + (each in _GSM_EXTENDED) for each in text], GSM_ALONE, GSM_PART)
    length = len(text.encode("utf-16-be")) // 2
    if length <= UCS2_ALONE:
        return 1
    if length == len(text):
        return -(-length // UCS2_PART)
    return _count_filled([1 + (ord(each) > _LAST_OF_PLANE) for each in text], UCS2_ALONE, UCS2_PART)


def _count_filled(sizes: Sequence[int], alone: int, part: int) -> int:
    """How many parts characters of these sizes fill, in order, none of them divided."""
    if sum(sizes) <= alone:
        return 1
    parts, left = 1, part
    for size in sizes:
        if size > left:
            parts, left = parts + 1, part
        left -= size
    return parts
