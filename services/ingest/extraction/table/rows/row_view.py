"""A row of a task table under the roles of its columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.ingest.documents.grid import Row
from services.ingest.extraction.table.columns.layout import Layout, parse_number
from services.ingest.extraction.table.rows.wraps import join_cells
from services.ingest.extraction.vocabulary.labels import Role

UNIT_ROLES: Final = (Role.LEAD, Role.UNITS, Role.SUPPORT)
DUE_ROLES: Final = (Role.DEADLINE, Role.FREQUENCY, Role.TARGET)


@dataclass(frozen=True, slots=True)
class RowView:
    """The texts of one row by role.

    Attributes:
        texts: every text, also of cells that continue a merged cell above.
        fresh: the texts of cells that begin in this row.
        merged: the roles whose cell continues a merged cell above.
        spans_name: the category's cell also covers the name column.
        number: the number printed in this row, or None.
    """

    place: str
    layout: Layout
    texts: Mapping[Role, str]
    fresh: Mapping[Role, str]
    merged: frozenset[Role]
    spans_name: bool
    number: int | None

    @classmethod
    def of(cls, row: Row, layout: Layout) -> "RowView":
        """Read the row's cells under the layout's roles; columns of one role are joined."""
        texts: dict[Role, str] = {}
        fresh: dict[Role, str] = {}
        merged: set[Role] = set()
        spans_name = False
        before: Role | None = None
        for role, cell in zip(layout.roles, row.cells, strict=False):
            left, before = before, role
            if cell.above:
                merged.add(role)
            if role is Role.NAME and cell.left and (layout.paired or left is Role.CATEGORY):
                spans_name = True
                texts[role] = cell.text
                continue
            if cell.left or not cell.text.strip():
                continue
            texts[role] = join_cells(texts.get(role, ""), cell.text.strip())
            if not cell.above:
                fresh[role] = join_cells(fresh.get(role, ""), cell.text.strip())
        number = parse_number(fresh.get(Role.NUMBER, ""))
        return cls(row.place, layout, texts, fresh, frozenset(merged), spans_name, number)

    @property
    def is_paired(self) -> bool:
        """Whether a page may have cut the name column into a category and a name."""
        return self.layout.paired and not self.spans_name

    @property
    def name(self) -> str:
        """The text of the name column, also of a merged cell above."""
        return self.texts.get(Role.NAME, "")

    @property
    def content(self) -> str:
        """The duties that begin in this row."""
        return self.fresh.get(Role.CONTENT, "")

    @property
    def merged_name(self) -> str:
        """The name that continues from the merged cell above, or an empty text."""
        return "" if Role.NAME in self.fresh else self.name

    @property
    def unit_roles(self) -> Sequence[Role]:
        """The unit columns in printed order, each role once."""
        return [role for role in dict.fromkeys(self.layout.roles) if role in UNIT_ROLES]
