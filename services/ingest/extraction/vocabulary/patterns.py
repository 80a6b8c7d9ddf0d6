"""Words to a regular expression."""

import re
from collections.abc import Iterable


def alternate(words: Iterable[str]) -> str:
    """A pattern that matches any of the words, the longest first."""
    return f"(?:{'|'.join(sorted(map(re.escape, words), key=len, reverse=True))})"
