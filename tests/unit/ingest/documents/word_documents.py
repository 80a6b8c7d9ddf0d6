"""Word documents, written as XML."""

import io
import zipfile

from services.ingest.documents.files import read_document
from services.ingest.documents.grid import Document, Paragraph, Table

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


ALTERNATIVE = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def relations(*targets: str) -> str:
    shown = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(each.split("=") for each in targets)
    )
    return f'<Relationships xmlns="{PACKAGE}">{shown}</Relationships>'


def word(
    body: str, *, numbering: str = "", styles: str = "", space: str = MAIN, part: str = "document"
) -> Document:
    def root(name: str, inside: str) -> str:
        return f'<w:{name} xmlns:w="{space}" xmlns:mc="{ALTERNATIVE}">{inside}</w:{name}>'

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("_rels/.rels", relations(f"officeDocument=word/{part}.xml"))
        archive.writestr(f"word/{part}.xml", root("document", f"<w:body>{body}</w:body>"))
        archive.writestr(
            f"word/_rels/{part}.xml.rels", relations("numbering=n.xml", "styles=/word/s.xml")
        )
        archive.writestr("word/n.xml", root("numbering", numbering))
        archive.writestr("word/s.xml", root("styles", styles))
    return read_document("a.docx", out.getvalue())


def p(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def cell(content: str, properties: str = "") -> str:
    inside = content if content.startswith("<") else p(content)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    shown = "".join(each if each.startswith("<w:tc>") else cell(each) for each in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{shown}</w:tr>"


def table(*rows: str, widths: tuple[int, ...] = ()) -> str:
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return f"<w:tbl><w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"


def said(document: Document) -> list[str]:
    return [block.text for block in document.blocks if isinstance(block, Paragraph)]


def grid(document: Document) -> list[list[str]]:
    """The first table; ^ marks what continues the cell above, < the one to the left."""
    found = next(block for block in document.blocks if isinstance(block, Table))
    return [[f"{'^' * c.above}{'<' * c.left}{c.text}" for c in each.cells] for each in found.rows]
