"""A file's bytes to its document: the kind is told by the content, then by the name."""

from services.ingest.documents.grid import Document
from services.ingest.documents.limits import check_size
from services.ingest.documents.text import read_text


def read_document(name: str, data: bytes) -> Document:
    """Read any supported file. Raises DocumentError."""
    check_size(data)
    return read_text(name, data)
