"""`cuiban demo`: from a real task table to delivered reminders."""

import asyncio
import json
import signal
import sys
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.client import Api, read_file
from cli.ledger import STATUSES
from deploy.places import read_settings
from deploy.terminal.errors import WrongUseError
from deploy.terminal.language import N_, _
from lab.demo.figures import Figures
from lab.demo.life import LifeStep
from lab.demo.office import open_for_units
from lab.demo.run import DemoRun
from lab.demo.script import END, START, ZONE
from lab.stack.record import StackRecord
from lab.stack.stack import Stack
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from shared.schemas.rules import Channel, ReminderKind

_STEPS = {
    LifeStep.HEAR: N_("hearings recorded"),
    LifeStep.ACCEPT: N_("accepted by units"),
    LifeStep.SUBMIT: N_("reported as done"),
    LifeStep.EXTEND: N_("extensions asked for"),
    LifeStep.OBJECT: N_("objections"),
    LifeStep.COMPLETE: N_("reports approved"),
    LifeStep.RETURN: N_("reports returned"),
    LifeStep.GRANT: N_("extensions granted"),
    LifeStep.REFUSE: N_("extensions refused"),
    LifeStep.UPHOLD: N_("objections upheld"),
    LifeStep.REJECT: N_("objections rejected"),
}
_KINDS = {
    ReminderKind.DEADLINE: N_("before the deadline"),
    ReminderKind.OVERDUE: N_("overdue"),
    ReminderKind.HEARING: N_("before the hearing's deadline"),
    ReminderKind.HEARING_OVERDUE: N_("hearing overdue"),
}
_CHANNELS = {Channel.EMAIL: N_("mails"), Channel.SMS: N_("SMS")}
_out = Console()
_SHORT_POLL = {"CUIBAN_POLL": "PT0.02S"}


def run_demo(
    seed: Annotated[int, typer.Option(help="The same seed gives the same figures.")] = 2023,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Stop on this day; else on 2024-01-31."),
    ] = None,
    exit_at_end: Annotated[
        bool, typer.Option("--exit", help="Stop everything at the end instead of serving.")
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures into this file.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Keep the state here; else in a temporary directory.")
    ] = None,
) -> None:
    """Run eight months of reminders for the real task table of 盐亭县 2023."""
    end = _get_end(until)
    with tempfile.TemporaryDirectory(prefix="cuiban-demo-") as scratch:
        directory = state or Path(scratch) / "state"
        if (directory / "stack.json").exists():
            raise WrongUseError(
                _("{directory} holds an earlier stack.").format(directory=directory),
                _("Name a new directory with --state."),
            )
        stack = Stack(directory)
        directory.mkdir(parents=True, exist_ok=True)
        clock = SteppedClock(Path(scratch) / "clock")
        clock.set(START)
        signal.signal(signal.SIGTERM, _raise_interrupt)
        try:
            record = stack.start_all(
                clock_file=Path(scratch) / "clock",
                extra_env=_SHORT_POLL,
                durable=False,  # no one needs the demo's months after a crash of the machine
                tied=True,
                say=_out.print,
            )
            figures = asyncio.run(_run(seed, end, record, stack, clock))
            _out.print(_build_table(figures, end))
            if json_file:
                json_file.write_text(json.dumps(figures.as_json(), ensure_ascii=False) + "\n")
            if not exit_at_end and sys.stdout.isatty():
                _serve(record)
        except KeyboardInterrupt:
            _out.print(_("Stopping."))
        finally:
            stack.stop_all()


def _get_end(until: datetime | None) -> datetime:
    """The last instant of the demo; by default that of its last month."""
    end = datetime.combine(until, END.timetz()) if until else END
    if not START < end <= END:
        raise WrongUseError(
            _("The demo's months are 2023-06-01 to 2024-01-31."),
            _("Name a day of them with --until."),
        )
    return end


def _raise_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


async def _run(
    seed: int, end: datetime, record: StackRecord, stack: Stack, clock: SteppedClock
) -> Figures:
    settings = read_settings(record.environment)
    engine = create_engine(settings, "cuiban-demo")
    api = Api(record.api, read_file(stack.token_file).decode().strip())
    unit_api = Api(record.api, open_for_units(api))
    try:
        with _out.status(_("the office enters its units and publishes its plan")) as shown:

            def show(now: datetime, counts: dict[str, int]) -> None:
                figures = _("mails {email:>5}   SMS {sms:>5}").format_map(counts)
                line = f"[bold]{now.astimezone(ZONE):%Y-%m-%d %H:%M}[/]  {figures}"
                shown.update(line)
                if not _out.is_terminal:
                    _out.print(line)

            sinks = record.inbox.rstrip("/")
            demo = DemoRun(seed, settings, engine, api, unit_api, clock, sinks, show, end)
            return await demo.run()
    finally:
        unit_api.close()
        api.close()
        await engine.dispose()


def _build_table(figures: Figures, end: datetime = END) -> Table:
    title = _("{first} to {last}, seed {seed}").format(
        first=START.date(), last=end.date(), seed=figures.seed
    )
    table = Table(title=title, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(_("obligations"), str(figures.obligations))
    for step, label in _STEPS.items():
        table.add_row(_(label), str(figures.steps.get(step, 0)))
    for status, label in STATUSES.items():
        table.add_row(
            _("at the end: {status}").format(status=_(label)), str(figures.statuses.get(status, 0))
        )
    for kind, label in _KINDS.items():
        table.add_row(
            _("reminded: {kind}").format(kind=_(label)), str(figures.reminders.get(kind, 0))
        )
    for channel, label in _CHANNELS.items():
        numbers = (figures.notifications.get(channel, 0), figures.sinks.get(channel, 0))
        text = _("{due} due, {arrived} arrived").format(due=numbers[0], arrived=numbers[1])
        table.add_row(_(label), text)
    conservation = figures.conservation
    message = _(
        "due {due} = sent {sent} + suppressed {suppressed} + withdrawn {withdrawn} + dead {dead} "
        "+ pending {pending}"
    )
    names = ("due", "sent", "suppressed", "withdrawn", "dead", "pending")
    counts = {name: getattr(conservation, name) for name in names}
    table.add_row(_("conservation"), message.format_map(counts))
    table.add_row(_("the pure planner"), _("agrees"))
    table.add_row(_("seconds"), f"{figures.seconds:.0f}")
    return table


def _serve(record: StackRecord) -> None:
    _out.print("\n" + _("The inbox:  {inbox}").format(inbox=record.inbox))
    _out.print(_("The API:    {api}").format(api=f"{record.api.rstrip('/')}/v1/openapi.json"))
    _out.print(_("Ctrl-C stops everything."))
    threading.Event().wait()
