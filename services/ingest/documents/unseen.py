"""What a file holds and its reader does not see as valid: collected, told in short."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.ingest.documents.grid import Paragraph

MOST_TOLD: Final = 50
_PREVIEW: Final = 80
STRUCK, HIDDEN, DELETED = "划了删除线的文字", "隐藏的文字", "修订中删除的文字"


@dataclass(slots=True)
class Unseen:
    """The words left out since the last place, by kind; `told` is what a person will read."""

    told: list[Paragraph] = field(default_factory=list)
    _held: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Keep words that are left out at the present place."""
        if text.strip():
            self._held.setdefault(kind, []).append(text.strip().replace("\n", ""))

    def flush(self, place: str) -> None:
        """Tell of what was kept: it stands at this place."""
        for kind, texts in self._held.items():
            self.told.append(Paragraph(f"{kind}未读取：{'｜'.join(texts)[:_PREVIEW]}", place))
        self._held = {}


def shortened(told: Sequence[Paragraph]) -> tuple[Paragraph, ...]:
    """The first fifty, and how many there are besides."""
    if len(told) <= MOST_TOLD:
        return tuple(told)
    rest = len(told) - MOST_TOLD
    return (*told[:MOST_TOLD], Paragraph(f"另有{rest}处未读取", told[MOST_TOLD].place))
