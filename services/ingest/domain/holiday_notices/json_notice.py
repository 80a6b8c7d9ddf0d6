"""Reads a yearly notice of holidays from JSON, in one of two forms. Pure.

The form of the collection holiday-cn: `{"year", "days": [{"name", "date", "isOffDay"}]}`; and the
API's: `{"days": {"2027-01-01": false}, "names": {"2027-01-01": "元旦"}}`, `names` being optional.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.ingest.domain.holiday_notices.checking import check_festivals
from services.ingest.domain.holiday_notices.notice import Festival, NamedDay, Notice
from services.ingest.domain.refusals import Fault, RefusedError

_AND = "、"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A day of the notice as JSON has it."""

    day: str
    works: bool
    name: str


def read_json(text: str, year: int | None = None) -> Notice:
    """Read a notice of JSON. `year` counts where the text names none; else that of most days.

    Raises:
        RefusedError: it is not JSON, or not in one of the two forms.
    """
    try:
        content = json.loads(text, object_pairs_hook=_keep_pairs)
        entries = list(_list_entries(content))
    except json.JSONDecodeError as error:
        raise _refuse(f"第 {error.lineno} 行不是 JSON。Line {error.lineno} is not JSON.") from error
    except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
        raise _refuse("JSON 的形式不对。The JSON has another form.") from error
    if not entries:
        raise _refuse("文件里没有日期。There is no day in it.")
    days = _locate(text, entries)
    stated = content.get("year")
    counted = Counter(named.day.year for _, named in days)
    own_year = stated if type(stated) is int else year or counted.most_common(1)[0][0]
    festivals = tuple(_group(days))
    return Notice(own_year, festivals, tuple(check_festivals(own_year, festivals)))


class _Pairs(dict[str, Any]):
    """A JSON object that keeps all its pairs: of two equal keys a dict has the last alone."""

    pairs: list[tuple[str, Any]]


def _keep_pairs(pairs: list[tuple[str, Any]]) -> _Pairs:
    made = _Pairs(pairs)
    made.pairs = pairs
    return made


def _list_entries(content: Any) -> Iterator[_Entry]:  # noqa: ANN401 - JSON
    days = content["days"]
    if isinstance(days, _Pairs):
        names = content.get("names", {})
        for day, works in days.pairs:
            yield _make_entry(day, works, names.get(day, ""))
    else:
        for each in days:
            yield _make_entry(each["date"], not _require_bool(each["isOffDay"]), each["name"])


def _make_entry(day: Any, works: Any, name: Any) -> _Entry:  # noqa: ANN401 - JSON
    if not isinstance(name, str):
        raise TypeError
    date.fromisoformat(day)
    return _Entry(day, _require_bool(works), name)


def _require_bool(value: Any) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(value, bool):
        raise TypeError
    return value


def _locate(text: str, entries: list[_Entry]) -> list[tuple[_Entry, NamedDay]]:
    """The days with their lines: a day that is named twice has two."""
    places: dict[str, int] = {}
    located = []
    for entry in entries:
        place = text.find(f'"{entry.day}"', places.get(entry.day, -1) + 1)
        places[entry.day] = max(place, places.get(entry.day, -1))
        line = text.count("\n", 0, max(places[entry.day], 0)) + 1
        located.append((entry, NamedDay(date.fromisoformat(entry.day), line)))
    return located


def _group(days: list[tuple[_Entry, NamedDay]]) -> Iterator[Festival]:
    """The festivals in the order of the text; days without a name are one item without a name."""
    for name in dict.fromkeys(entry.name for entry, _ in days):
        own = [(entry, named) for entry, named in days if entry.name == name]
        yield Festival(
            tuple(name.split(_AND)),
            own[0][1].line,
            tuple(named for entry, named in own if not entry.works),
            tuple(named for entry, named in own if entry.works),
        )


def _refuse(message: str) -> RefusedError:
    return RefusedError(
        Fault.INVALID,
        message,
        '应为 {"year": 2027, "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}]}。'
        "It has a year and days, each with name, date and isOffDay.",
    )
