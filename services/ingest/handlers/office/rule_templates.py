"""Rules may name a template (`how.template`): it must be one that the office has published."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.store import templates as store
from shared.marked.marks import read_marked
from shared.marked.problems import TextProblem
from shared.marked.wording import suggest
from shared.rules.book import RuleBook
from shared.rules.reading import BookReading
from shared.schemas.templates import STANDARD

_HINT = (
    "请先发布这个模板（`POST /v1/templates/{kind}/{name}`）。"
    "Publish the template first (`POST /v1/templates/{kind}/{name}`)."
)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A rule that names a template which is not there; `number` is the rule's in the book."""

    number: int
    rule_id: str
    template: str
    known: Sequence[str]

    @property
    def message(self) -> str:
        """What is wrong, in Chinese and then in English."""
        return f"没有 {self.template} 这个模板。There is no template {self.template}."


async def _list_unknown(db: AsyncConnection, act: Act, book: RuleBook) -> list[_Unknown]:
    named = {
        number: rule.how.template
        for number, rule in enumerate(book.rules)
        if rule.how is not None and rule.how.template is not None
    }
    if not named:
        return []
    present = await store.list_current(db, act.office_id)
    known = sorted({STANDARD} | {each.name for each in present if each.parts is not None})
    return [
        _Unknown(number, book.rules[number].rule_id, name, known)
        for number, name in named.items()
        if name not in known
    ]


async def require_templates(db: AsyncConnection, act: Act, book: RuleBook) -> None:
    """Make sure that the office has each template that the rules name.

    Raises:
        RefusedError: it lacks one.
    """
    unknown = await _list_unknown(db, act, book)
    if unknown:
        details = [
            {
                "where": f"rules.{each.number}.how.template",
                "message": each.message,
                "hint": suggest(each.template, each.known),
            }
            for each in unknown
        ]
        raise RefusedError(Fault.INVALID, unknown[0].message, _HINT, details)


async def add_unknown_templates(
    db: AsyncConnection, act: Act, reading: BookReading, text: str
) -> BookReading:
    """What a text says, with the templates that the office lacks as further problems."""
    unknown = [] if reading.book is None else await _list_unknown(db, act, reading.book)
    if not unknown:
        return reading
    marked = read_marked(text)
    problems = [
        TextProblem(
            marked.find_mark(("rules", each.number, "how", "template")),
            f"rules.{each.number}.how.template",
            "unknown-template",
            each.message,
            suggest(each.template, each.known),
        )
        for each in unknown
    ]
    both = sorted([*reading.problems, *problems], key=lambda problem: problem.mark)
    return replace(reading, problems=tuple(both))
