"""`cuiban ops rewind`: take back what was fired ahead of time, after a clock had jumped forward."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.ops.journal import note_operation
from deploy.ops.running import ReasonOption, leave, list_services, run
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, WRONG_USE
from deploy.terminal.language import _
from services.scheduler.store import rewinding
from services.scheduler.store.rewinding import FiredAhead
from shared.clock import open_clock
from shared.database.engine import measure_clock_skew
from shared.logging import log
from shared.settings import Settings

_SLOTS = 5
"""How many slots of a unit are printed."""


def rewind(
    reason: ReasonOption,
    office: Annotated[str, typer.Option(help="Only the units of this office (its id).")] = "",
    unit: Annotated[str, typer.Option(help="Only this unit (its id).")] = "",
    state: StateOption = STATE,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the units and slots, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Let slots fire at their time that fired too early, because a clock had jumped forward.

    Set the clock right first. What was sent too early is not unsent: each slot between now and then
    has its reminder again, at its time.
    """
    office_id, unit_id = _parse_id(office), _parse_id(unit)

    async def rewind_units(
        db: AsyncConnection, settings: Settings
    ) -> tuple[datetime, list[FiredAhead]]:
        await _check(db, settings)
        now = open_clock(settings.clock_file).now()
        units = await rewinding.lock(db, office_id, unit_id)
        ahead = await rewinding.list_fired_ahead(db, units, now)
        if not dry_run and ahead:
            await rewinding.take_back(db, units, now)
            for own_office in {each.office_id for each in ahead}:
                own = [each for each in ahead if each.office_id == own_office]
                after = {"reason": reason, "units": len(own), "to": now.isoformat()}
                await note_operation(db, settings, "ops.rewound", own_office, after, own_office)
        return now, ahead

    now, ahead = run(state, rewind_units)
    answer = {"now": now, "changed": not dry_run, "units": [asdict(each) for each in ahead]}
    show_answer(answer, as_json, lambda _answer: _show(now, ahead, dry_run=dry_run))
    if dry_run:
        return
    for fired in ahead:
        log(__name__).warning(
            "scheduler.rewound",
            office_id=str(fired.office_id),
            unit_id=str(fired.unit_id),
            to=now.isoformat(),
            slots=len(fired.slots),
            reason=reason,
        )


async def _check(db: AsyncConnection, settings: Settings) -> None:
    if "scheduler" not in await list_services(db):
        leave(
            _("The scheduler's tables are not in this database."),
            _("Point CUIBAN_DATABASE_URL at the scheduler's."),
            status=NO,
        )
    skew = abs(await measure_clock_skew(db, open_clock(settings.clock_file)))
    if skew > settings.clock_skew:
        leave(
            _("This machine's clock and the database's differ by {skew}.").format(skew=skew),
            _("Set the clocks right first (NTP): what is ahead is judged by them."),
            status=NO,
        )


def _parse_id(words: str) -> UUID | None:
    if not words:
        return None
    try:
        return UUID(words)
    except ValueError:
        leave(
            _("{text} is no id.").format(text=words),
            _("An id looks like 3a7d81fa-6a96-522f-9503-d79a38a4988e; the log names them."),
            status=WRONG_USE,
        )


def _show(now: datetime, ahead: list[FiredAhead], *, dry_run: bool) -> None:
    for unit in ahead:
        slots = [slot.isoformat() for slot in unit.slots[:_SLOTS]]
        if more := len(unit.slots) - len(slots):
            slots.append(_("{number} more").format(number=more))
        message = _("unit {unit} of office {office}: slots after {now}: {slots}")
        say(
            message.format(
                unit=unit.unit_id,
                office=unit.office_id,
                now=now.isoformat(),
                slots=", ".join(slots),
            )
        )
    if not ahead:
        say(_("Nothing was fired ahead of the clock."))
    elif dry_run:
        say(_("Nothing was changed."))
    else:
        message = _("{number} units are planned anew from {now}.")
        say(message.format(number=len(ahead), now=now.isoformat()))
