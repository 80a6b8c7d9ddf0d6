"""How many parts a short message costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages.sms_parts import count_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("催" * 70, 1),
        ("催" * 71, 2),
        ("催" * 134, 2),
        ("催" * 135, 3),
        (f"【政务公开】{'催' * 64}", 1),
        (f"【政务公开】{'催' * 65}", 2),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("催" + "a" * 69, 1),
        ("催" + "a" * 70, 2),
        ("𠮷" * 35, 1),
        ("𠮷" * 36, 2),
        ("催" * 66 + "𠮷" + "催" * 66, 3),
        ("催" * 66 + "𠮷" + "催" * 65, 2),
    ],
)
def test_a_text_costs_so_many_parts(text: str, parts: int) -> None:
    assert count_parts(text) == parts


@given(st.text(st.sampled_from("a€催𠮷"), max_size=400))
def test_no_part_is_longer_than_it_may_be_and_a_longer_text_costs_no_less(text: str) -> None:
    parts = count_parts(text)
    ucs2 = "催" in text or "𠮷" in text
    length = len(text.encode("utf-16-be")) // 2 if ucs2 else len(text) + text.count("€")
    alone, part = (70, 67) if ucs2 else (160, 153)
    assert length <= (alone if parts == 1 else part * parts)
    assert parts <= count_parts(text + "催")
