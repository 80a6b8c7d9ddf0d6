"""`cuiban up`, `down` and `status`: the local stack from the command line."""

import json
import urllib.request
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from deploy.ops.summary import summarise
from deploy.places import STATE, StateOption, read_settings
from deploy.prepare import FIRST_ADMIN
from deploy.terminal.answers import JsonOption, print_json, say, show_answer
from deploy.terminal.errors import NOT_RUNNING
from deploy.terminal.language import N_, _
from deploy.terminal.tables import show_table
from lab.stack.record import StatusRow, list_addresses
from lab.stack.stack import Stack

_STATES = {
    "ready": (N_("ready"), "green"),
    "starting": (N_("starting"), "yellow"),
    "waiting": (N_("waiting"), "yellow"),
    "stopped": (N_("stopped"), "dim"),
    "stopping": (N_("stopping"), "yellow"),
    "failed": (N_("failed"), "red"),
    "gone": (N_("gone"), "red"),
    "left over": (N_("left over"), "red"),
}
_LABELS = {
    "api": N_("API"),
    "console": N_("Console"),
    "inbox": N_("Inbox"),
    "kafka": N_("Kafka"),
    "database": N_("PostgreSQL"),
    "smtp": N_("Mail"),
    "sms": N_("SMS"),
    "simulator": N_("Simulated vendors"),
}
Processes = Annotated[int, typer.Option(min=0, max=32, help="How many processes of it.")]


def start_stack(
    state: StateOption = STATE,
    ingest: Processes = 1,
    scheduler: Processes = 1,
    notifier: Processes = 1,
    console: Processes = 1,
    as_json: JsonOption = False,
) -> None:
    """Start Kafka, PostgreSQL, the sinks, the services and the pages, and print their addresses."""
    terminal = Console(stderr=as_json)
    stack = Stack(state)
    services = {
        "ingest": ingest,
        "scheduler": scheduler,
        "notifier": notifier,
        "console": console,
    }
    try:
        with terminal.status(_("starting")) as shown:
            stack.start_all(services=services, say=_make_reporter(terminal, shown.update))
    except KeyboardInterrupt:
        terminal.print(_("Interrupted; stopping what was started."))
        stack.stop_all()
        raise typer.Exit(130) from None
    show_answer(
        _describe_stack(stack, stack.list_status()), as_json, lambda _answer: _show_addresses(stack)
    )


def _make_reporter(console: Console, update: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that shows progress: one line on a terminal, else one line per step."""

    def report(message: str) -> None:
        update(message)
        if not console.is_terminal and "fetching jar" not in message:
            console.print(message, soft_wrap=True)

    return report


def stop_stack(
    state: StateOption = STATE,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Delete all its data too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the local stack; its data is kept for the next start unless it is purged."""
    Stack(state).stop_all(purge=purge)
    show_answer({"running": False, "purged": purge}, as_json, _show_end)


def _show_end(answer: dict[str, bool]) -> None:
    say(_("Nothing runs any more."))
    if answer["purged"]:
        say(_("Its data is deleted."))


def show_status(state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """Show the parts of the local stack; exit status 3 when a part that should run does not."""
    stack = Stack(state)
    rows = stack.list_status()
    stopped = _list_stopped(stack, rows)
    fetched = {row.name: _fetch_warnings(row.address) for row in rows if row.state == "ready"}
    warnings = {name: messages for name, messages in fetched.items() if messages}
    if as_json:
        report = _describe_stack(stack, rows)
        print_json(report | {"stopped": stopped, "warnings": warnings})
    elif not rows:
        message = _("No stack runs in {directory}. Start one with `cuiban up`.")
        say(message.format(directory=stack.state))
    else:
        _show_parts(rows)
        say(_("Logs: {directory}").format(directory=stack.state / "logs"))
        for line in stopped:
            say(line, "red")
        for name, messages in warnings.items():
            for about, warning in messages.items():
                say(f"{name}: {about}: {warning}", "yellow")
    if not rows or any(row.state not in {"ready", "stopped"} for row in rows):
        raise typer.Exit(NOT_RUNNING)


def _describe_stack(stack: Stack, rows: Sequence[StatusRow]) -> dict[str, Any]:
    """The report that `--json` prints: parts, addresses, and where the secrets of the start are."""
    return {
        "parts": [{**row._asdict(), "log": str(row.log)} for row in rows],
        "addresses": list_addresses(stack.get_record() if rows and rows[0].pid else None),
        "token_file": str(stack.token_file),
        "admin": {"name": FIRST_ADMIN, "password_file": str(stack.admin_file)},
    }


def _list_stopped(stack: Stack, rows: Sequence[StatusRow]) -> list[str]:
    """What is stopped and needs an operator, one line each; empty when the database is down."""
    if not any(row.name.startswith("postgres") and row.state == "ready" for row in rows):
        return []
    return summarise(read_settings(stack.get_record().environment))


def _show_parts(rows: Sequence[StatusRow]) -> None:
    headings = (_("part"), _("state"), _("pid"), _("restarts"), _("address"))
    cells = []
    for row in rows:
        text, colour = _STATES.get(row.state, (row.state, "red"))
        state = Text(_(text), colour)
        cells.append((row.name, state, str(row.pid or "-"), str(row.restarts), row.address))
    show_table(headings, cells)


def _fetch_warnings(address: str) -> dict[str, str]:
    """The warnings that a ready part reports on its health endpoint, by check name."""
    url = address.removesuffix("/metrics") + "/health/ready"
    if not address.endswith("/metrics"):
        return {}
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            health = json.load(answer)
    except (OSError, ValueError):
        return {}
    warnings = health.get("warnings", {})
    return {name: str(warning) for name, warning in warnings.items()}


def _show_addresses(stack: Stack) -> None:
    """Print each address of a running stack on its own line."""
    places = {_(_LABELS[name]): at for name, at in list_addresses(stack.get_record()).items()}
    if stack.token_file.exists():
        places[_("Token")] = str(stack.token_file)
    places[_("Logs")] = str(stack.state / "logs")
    if stack.admin_file.exists():
        places[_("Sign-in")] = _("user name {name}, password in {file}").format(
            name=FIRST_ADMIN, file=stack.admin_file
        )
    for name, place in places.items():
        line = Text(name, style="bold")
        line.pad_right(max(1, 14 - line.cell_len))
        Console().print(line.append(place, style="not bold"), soft_wrap=True)
    say(_("`cuiban status` shows what runs, `cuiban down` ends it."))
