"""The document as it is shown beside its plan: blocks of cells, and the cells of each measure."""

from pydantic import BaseModel, ConfigDict

from services.ingest.extraction.models import ParsedPlan


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class SourceCell(_Value):
    """A cell and how many rows and columns it covers. `id` is unique in its document."""

    id: str
    text: str
    rows: int = 1
    columns: int = 1


class SourceRow(_Value):
    """The cells that begin in a row; `place` locates it for a person."""

    place: str
    cells: tuple[SourceCell, ...]


class SourceBlock(_Value):
    """A paragraph, with its text, or a table, with its rows. `id` is that of a paragraph."""

    id: str
    place: str
    text: str = ""
    rows: tuple[SourceRow, ...] = ()


class MeasureCells(_Value):
    """Which cells or paragraphs a measure's values come from; empty where that is not known."""

    task_name: str = ""
    text: str = ""
    names: tuple[str, ...] = ()
    due: str = ""


class PlanSource(_Value):
    """A document's blocks, and the cells of each measure in the plan's order."""

    blocks: tuple[SourceBlock, ...]
    measures: tuple[MeasureCells, ...]


class PlanReading(_Value):
    """What was read from a document: the plan, and the document beside it."""

    plan: ParsedPlan
    source: PlanSource
