"""Conservation: due = sent + suppressed + withdrawn + dead + pending, for every unit and day."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.places import STATE, StateOption, load_settings
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO, NotRunningError
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from services.notifier import audit as notifier
from services.scheduler.audit import (
    Gap,
    UnitDay,
    count_unit_days,
    find_gaps,
    list_pending,
    sum_days,
)
from services.scheduler.settings import SchedulerSettings
from shared import clock
from shared.database.engine import create_engine
from shared.settings import Settings

_PATIENCE: timedelta = SchedulerSettings.model_fields["audit_patience"].default
_COLUMNS = ("due", "sent", "suppressed", "withdrawn", "dead", "pending")
_TOTALS = N_(
    "due {due} = sent {sent} + suppressed {suppressed} + withdrawn {withdrawn} + dead {dead} + "
    "pending {pending}   ({number} units and days)"
)


def show_conservation(
    state: StateOption = STATE,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that a reminder may take to reach the notifier.")
    ] = 60.0,
    patience: Annotated[
        float, typer.Option(min=0, help="Days that a notification may be pending.")
    ] = _PATIENCE / timedelta(days=1),
    as_json: JsonOption = False,
) -> None:
    """For every unit and day: due = sent + suppressed + withdrawn + dead + pending.

    Ends with status 1 when it does not hold; every gap is named.
    """
    spans = timedelta(seconds=grace), timedelta(days=patience)
    days, open_gaps = asyncio.run(_look(load_settings(state), *spans))
    report = {
        "totals": {name: getattr(sum_days(days), name) for name in _COLUMNS},
        "days": [asdict(day) for day in days],
        "gaps": [gap.to_log_fields() for gap in open_gaps],
    }
    show_answer(report, as_json, lambda _report: _show(days, open_gaps))
    if open_gaps:
        raise typer.Exit(NO)


async def _look(
    settings: Settings, grace: timedelta, patience: timedelta
) -> tuple[list[UnitDay], list[Gap]]:
    engine = create_engine(settings, "cuiban-audit")
    now = clock.read_machine_time()
    try:
        async with engine.connect() as db:
            days = await count_unit_days(db)
            open_gaps = await find_gaps(db, real_now=now, grace=grace, patience=patience)
            return days, open_gaps + await _list_lost(db)
    except (SQLAlchemyError, OSError) as error:
        raise NotRunningError(
            _("The scheduler's tables can't be read."),
            _("Point CUIBAN_DATABASE_URL at its database, or name the state of a running stack."),
        ) from error
    finally:
        await engine.dispose()


async def _list_lost(db: AsyncConnection) -> list[Gap]:
    """What the scheduler waits for and the notifier, where its tables are here, does not have."""
    waits = await list_pending(db, told_before=clock.read_machine_time())
    if not waits or not await notifier.is_here(db):
        return []
    known = await notifier.select_known(
        db, [gap.notification_id for gap in waits if gap.notification_id]
    )
    return [gap for gap in waits if gap.notification_id not in known]


def _show(days: list[UnitDay], open_gaps: list[Gap]) -> None:
    total = sum_days(days)
    counts = {name: getattr(total, name) for name in _COLUMNS}
    say(_(_TOTALS).format(**counts, number=len(days)))
    if open_gaps:
        headings = (
            *(_("gap"), _("unit"), _("reminder"), _("notification"), _("slot"), _("due")),
            _("counted"),
        )
        names = ("kind", "unit_id", "reminder_id", "notification_id", "slot", "due", "found")
        rows = [gap.to_log_fields() for gap in open_gaps]
        show_table(headings, [[str(row[name]) for name in names] for row in rows])
    elif waiting := sum(day.waiting for day in days):
        message = _("The notifier has not reported on {number} reminders yet.")
        say(message.format(number=waiting), "yellow")
    else:
        say(_("It holds for every unit and day."), "green")
