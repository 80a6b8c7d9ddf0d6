"""A file to a plan: the entry point of the extraction."""

from services.ingest.documents.errors import DocumentError, DocumentFault
from services.ingest.documents.files import read_document
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.plan import extract_plan


def read_plan(name: str, content: bytes) -> ParsedPlan:
    """Read a task table from a file's bytes; `name` is the file's own name, without a folder.

    The same bytes always give the same plan. Raises DocumentError, with a stable code and advice,
    for a file that cannot be read or that holds no task table.
    """
    document = read_document(name, content)
    plan = extract_plan(document)
    if plan is None:
        fault = DocumentFault.EMBEDDED if document.embeds else DocumentFault.NOT_A_PLAN
        raise DocumentError(fault)
    return plan
