"""The order of refs, a measure's number in its plan, such as `16.2`."""

import re
from functools import lru_cache


@lru_cache(maxsize=10_000)
def rank_ref(ref: str) -> tuple[tuple[int, str], ...]:
    """A ref's sort key: its numbers count as numbers, so 2.1 comes before 10.1."""
    # int() refuses thousands of digits, and figures such as ⑴.
    parts = re.findall(r"([0-9]{1,18})|([^0-9.]+)", ref)
    return tuple((int(number or 0), other) for number, other in parts)
