"""A table of rows, read, and a short form of its tasks."""

from services.ingest.documents.grid import Cell, Document, Paragraph, Row, Table
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.plan import extract_plan

HEADER = "序号|任务|内容|责任单位|时限"


def read(
    header: str, *lines: str, exact: bool = False, title: str = "青溪县2023年任务表"
) -> ParsedPlan:
    """A plan from rows with cells between bars; a line that begins with ^ follows a page break."""
    rows = [
        Row(
            tuple(Cell(text.replace("/n", "\n")) for text in line.lstrip("^").split("|")),
            f"row {number}",
            line.startswith("^"),
        )
        for number, line in enumerate([header, *lines])
    ]
    blocks = (Paragraph(title, "title"), Table(tuple(rows), "table", exact))
    found = extract_plan(Document("a.txt", blocks))
    assert found is not None
    return found


def brief(found: ParsedPlan) -> list[tuple[int, str, list[str], list[str]]]:
    return [
        (t.number, t.name, list(t.responsible.names), [m.text for m in t.measures])
        for t in found.tasks
    ]


def dues(found: ParsedPlan) -> list[list[str]]:
    return [[str(day) for day in m.due] for t in found.tasks for m in t.measures]
