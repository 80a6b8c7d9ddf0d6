"""What the cover of a proof of notice has, apart from how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CoverTable:
    """A table: its heading, the names and relative widths of its columns, its rows."""

    heading: str
    columns: tuple[tuple[str, int], ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ProofCover:
    """What a cover says: a title, facts with their names, tables, and paragraphs at the end."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[CoverTable, ...]
    notes: tuple[str, ...]
