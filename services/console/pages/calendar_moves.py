"""Which reminders move when a calendar is published, part by part, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from services.console.shell.visits import Visit
from shared.api.calendars import CalendarMovesOut, SlotMoveOut
from shared.api.offices import RuleBookOut
from shared.rules.book import RuleBook
from shared.rules.describing import RuleWords, describe_rule

_PART = 30


@dataclass(frozen=True, slots=True)
class ShownMove:
    """A reminder that moves.

    Attributes:
        rule: what it reminds of, in words.
        before: the slot with its weekday; empty for a reminder that is added.
        after: likewise; empty for one whose new slot has passed.
    """

    rule: str
    before: str
    after: str
    move: SlotMoveOut


@dataclass(frozen=True, slots=True)
class ShownMoves:
    """A part of the moves; `first` and `following` are the addresses of other parts, or empty."""

    rows: list[ShownMove]
    first: str
    following: str


async def describe_moves(
    visit: Visit, moves: CalendarMovesOut, part: int, path: str, query: Mapping[str, str]
) -> ShownMoves:
    """A part of the moves, from 1, at a page with this address and query."""
    books = await visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=1)
    names = {
        rule.rule_id: _name_rule(describe_rule(rule), visit.language)
        for book in books.items
        for rule in RuleBook.model_validate(book.book).rules
    }
    zone = ZoneInfo(moves.timezone)
    begin = (part - 1) * _PART
    rows = [
        ShownMove(
            names.get(move.rule_id, move.rule_id),
            _write_slot(visit, move.before, zone),
            _write_slot(visit, move.after, zone),
            move,
        )
        for move in moves.moves[begin : begin + _PART]
    ]

    def make_address(number: int) -> str:
        return f"{path}?{urlencode({**query, 'part': number})}"

    return ShownMoves(
        rows,
        make_address(1) if part > 1 else "",
        make_address(part + 1) if begin + _PART < len(moves.moves) else "",
    )


def _name_rule(words: RuleWords, language: str) -> str:
    named = (words.kinds, words.select) if words.select else (words.kinds,)
    return " ".join(phrase.choose(language) for phrase in named)


def _write_slot(visit: Visit, slot: datetime | None, zone: ZoneInfo) -> str:
    if slot is None:
        return ""
    local = slot.astimezone(zone)
    return f"{visit.words.write_date(local.date())} {local:%H:%M}"
