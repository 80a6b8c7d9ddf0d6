"""A file to a plan: the entry points of the extraction."""

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Document
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.locating import locate_values
from services.ingest.extraction.plans.plan import Extraction, extract_with_origins
from services.ingest.extraction.source import PlanReading


def read_plan(name: str, content: bytes) -> ParsedPlan:
    """Read a task table from a file's bytes; `name` is the file's own name, without a folder.

    The same bytes always give the same plan. Raises DocumentError, with a stable code and advice,
    for a file that cannot be read or that holds no task table.
    """
    return _extract(read_document(name, content)).plan


def read_plan_with_source(name: str, content: bytes) -> PlanReading:
    """As `read_plan`, with the document's cells and which of them each value comes from."""
    document = read_document(name, content)
    extraction = _extract(document)
    return PlanReading(plan=extraction.plan, source=locate_values(document, extraction))


def _extract(document: Document) -> Extraction:
    extraction = extract_with_origins(document)
    if extraction is None:
        fault = DocumentFault.EMBEDDED if document.embeds else DocumentFault.NOT_A_PLAN
        raise DocumentError(fault)
    return extraction
