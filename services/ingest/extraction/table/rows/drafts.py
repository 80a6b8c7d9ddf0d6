"""A task while its rows are being assembled."""

from dataclasses import dataclass, field

from services.ingest.extraction.vocabulary.labels import Role


@dataclass(slots=True)
class CategoryLabel:
    """A category's text, shared by its tasks: a later page may add its second half."""

    text: str = ""


@dataclass(slots=True)
class DraftRow:
    """One row's duties as printed, with the deadline, frequency and target beside them."""

    text: str
    place: str
    cells: dict[Role, str] = field(default_factory=dict)


@dataclass(slots=True)
class TaskDraft:
    """A task's rows. `units` holds the printed cell of each unit column.

    `name_above` is the name of a task whose own name cell stays blank: usually a merged cell.
    `counted` says that no number was printed yet, so `number` is counted from the task before.
    """

    number: int
    name: str
    category: CategoryLabel
    place: str
    units: dict[Role, str] = field(default_factory=dict)
    rows: list[DraftRow] = field(default_factory=list)
    spans_name: bool = False
    name_above: str = ""
    counted: bool = False
    wrapped: bool = False
    """Its cells' lines were printed as rows."""
