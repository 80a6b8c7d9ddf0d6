"""Tells the scheduler what the office's rules ask of units and measures.

What is told has the office's key on the topic of the rule books, so it is read before the rule
book that asks for it. While no rule asks for traits of units, changes of units are not told there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.handlers.acting import Act, make_envelope
from services.ingest.handlers.office.measure_facts import find_target_number
from services.ingest.handlers.office.telling_progress import tell_progress
from services.ingest.store import office_settings, plans, rules, units
from services.ingest.store.rows import StoredUnit
from services.ingest.store.tables import OUTBOX
from shared.kafka.outbox.publishing import publish
from shared.rules.book import RuleBook
from shared.rules.selecting import MEASURE_TRAITS, OFFICE_UNITS, PROGRESS_TRAITS, UNIT_TRAITS
from shared.rules.steps import list_asked_by
from shared.schemas.facts import MeasureTraits, UnitTraits
from shared.schemas.office import OfficeSettings
from shared.schemas.office_events import OfficeSettingsPublished, TraitsPublished

_CHUNK = 1000
_T = TypeVar("_T")


async def tell_asked(db: AsyncConnection, act: Act, book: RuleBook) -> None:
    """Tell of all units and published measures what a new book asks for, before it is told itself.

    The caller holds the office's lock, so no unit changes meanwhile. A measure that is published
    meanwhile is told with its obligations.
    """
    asked = list_asked_by(book)
    of_units: Iterable[UnitTraits] = ()
    if asked & UNIT_TRAITS:
        of_units = await units.list_traits(db, act.office_id)
    of_measures: Iterable[MeasureTraits] = ()
    if asked & MEASURE_TRAITS:
        of_measures = [
            MeasureTraits(
                measure_id=each.measure_id,
                category=each.category or "",
                target=find_target_number(each.text, each.target),
            )
            for each in await plans.list_published_measures(db, act.office_id)
        ]
    if asked & PROGRESS_TRAITS:
        await tell_progress(db, act, book.version)
    if OFFICE_UNITS in asked:
        await _tell_own_unit(db, act, book.version)
    events = [
        *(TraitsPublished(office_id=act.office_id, units=part) for part in _split(of_units)),
        *(TraitsPublished(office_id=act.office_id, measures=part) for part in _split(of_measures)),
    ]
    await publish(
        db,
        OUTBOX,
        (
            make_envelope(act, event, act.office_id, "book", book.version, number)
            for number, event in enumerate(events)
        ),
    )


async def _tell_own_unit(db: AsyncConnection, act: Act, version: int) -> None:
    """Tell the office's settings again: an older scheduler did not keep the unit that they name."""
    stored = await office_settings.find_current(db, act.office_id)
    if stored is not None:
        event = OfficeSettingsPublished(
            office_id=act.office_id,
            number=stored.version,
            settings=OfficeSettings.model_validate(stored.settings),
        )
        await publish(db, OUTBOX, [make_envelope(act, event, act.office_id, "own-unit", version)])


def _split(every: Iterable[_T]) -> Iterator[tuple[_T, ...]]:
    rest = iter(every)
    while part := tuple(islice(rest, _CHUNK)):
        yield part


async def tell_units(
    db: AsyncConnection,
    act: Act,
    rows: Sequence[Mapping[str, Any]],
    before: Mapping[UUID, StoredUnit],
) -> None:
    """Tell of units whose name, kind or groups changed, if the rules in force ask for them.

    Args:
        db: a connection in a transaction; the caller holds the office's lock.
        act: the command's context.
        rows: the units as they now are: `unit_id`, `number`, `name`, `kind`, `groups`.
        before: those that existed.
    """
    changed = [row for row in rows if _is_changed(before.get(row["unit_id"]), row)]
    stored = await rules.find_current_book(db, act.office_id) if changed else None
    if stored is None or not list_asked_by(RuleBook.model_validate(stored.book)) & UNIT_TRAITS:
        return
    traits = (
        UnitTraits(
            unit_id=row["unit_id"],
            number=row["number"],
            name=row["name"],
            kind=row["kind"],
            groups=tuple(row["groups"]),
        )
        for row in changed
    )
    await publish(
        db,
        OUTBOX,
        (
            make_envelope(
                act,
                TraitsPublished(office_id=act.office_id, units=part),
                part[0].unit_id,
                part[0].number,
            )
            for part in _split(traits)
        ),
    )


def _is_changed(old: StoredUnit | None, row: Mapping[str, Any]) -> bool:
    return old is None or any(
        getattr(old, name) != row[name] for name in ("name", "kind", "groups")
    )
