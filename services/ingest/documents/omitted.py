"""Text that a file holds but does not show as valid: collected, and reported in short."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ingest.documents.grid import Paragraph

MAX_REPORTED: Final = 50
_PREVIEW: Final = 80
STRUCK, HIDDEN, DELETED = "划了删除线的文字", "隐藏的文字", "修订中删除的文字"


@dataclass(slots=True)
class OmittedText:
    """Omitted text since the last reported place, by kind; `reported` is for the user."""

    reported: list[Paragraph] = field(default_factory=list)
    _held: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Collect text that is omitted at the present place."""
        if text.strip():
            self._held.setdefault(kind, []).append(text.strip().replace("\n", ""))

    def report(self, place: str) -> None:
        """Report the collected text as standing at this place."""
        for kind, texts in self._held.items():
            self.reported.append(Paragraph(f"{kind}未读取：{'｜'.join(texts)[:_PREVIEW]}", place))
        self._held = {}


def shorten(reported: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    """The first `MAX_REPORTED` reports, and the number of the others."""
    if len(reported) <= MAX_REPORTED:
        return tuple(reported)
    rest = len(reported) - MAX_REPORTED
    return (
        *reported[:MAX_REPORTED],
        Paragraph(f"另有{rest}处未读取", reported[MAX_REPORTED].place),
    )
