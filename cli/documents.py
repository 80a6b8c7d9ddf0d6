"""A document as this machine reads it, before anything is sent."""

from pathlib import Path

from cli.client import read_file
from services.ingest.documents.errors import DocumentError
from services.ingest.extraction.models import ParsedPlan
from services.ingest.extraction.plans.reading import read_plan
from shared.errors import CuibanError


def parse_file(file: Path) -> ParsedPlan:
    """The plan that a document holds.

    Raises:
        CuibanError: it can't be read.
    """
    try:
        return read_plan(file.name, read_file(file))
    except DocumentError as error:
        raise CuibanError(f"{file.name}: {error}") from error
