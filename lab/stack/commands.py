"""`cuiban up`, `down` and `status`: the local stack from the command line."""

import json
import urllib.request
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.ops.summary import summary
from deploy.places import STATE, StateOption, settings_in
from lab.stack.record import Record
from lab.stack.stack import Stack

COLOURS = {"ready": "green", "starting": "yellow", "waiting": "yellow", "stopped": "dim"}
Processes = Annotated[int, typer.Option(min=0, max=32, help="How many processes of it.")]


def up(
    state: StateOption = STATE,
    ingest: Processes = 1,
    scheduler: Processes = 1,
    notifier: Processes = 1,
) -> None:
    """Start Kafka, PostgreSQL, the sinks and the three services, and say where they are."""
    console = Console()
    stack = Stack(state)
    services = {"ingest": ingest, "scheduler": scheduler, "notifier": notifier}
    try:
        with console.status("starting") as shown:

            def say(message: str) -> None:
                shown.update(message)
                if not console.is_terminal and "fetching jar" not in message:
                    console.print(message, soft_wrap=True)

            record = stack.up(services=services, say=say)
    except KeyboardInterrupt:
        console.print("Interrupted; ending what was started.")
        stack.down()
        raise typer.Exit(130) from None
    console.print(places(stack, record))
    console.print("`cuiban status` shows what runs, `cuiban down` ends it.")


def down(
    state: StateOption = STATE,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Delete all its data too.")] = False,
) -> None:
    """End the local stack; its data stays for the next start unless it is purged."""
    Stack(state).down(purge=purge)
    print("Nothing runs any more." + (" Its data is deleted." if purge else ""))


def status(state: StateOption = STATE) -> None:
    """Show what runs of the local stack; status 3 when something that should run does not."""
    console = Console()
    stack = Stack(state)
    rows = stack.status()
    if not rows:
        console.print(f"No stack runs in {stack.state}. Start one with `cuiban up`.")
        raise typer.Exit(3)
    table = Table("part", "state", "pid", "restarts", box=None)
    for whole in ("address", "log"):
        table.add_column(whole, overflow="fold")  # an address that is cut is worth nothing
    for row in rows:
        state_text = f"[{COLOURS.get(row.state, 'red')}]{row.state}[/]"
        pid = str(row.pid or "-")
        table.add_row(row.name, state_text, pid, str(row.restarts), row.address, str(row.log))
    console.print(table, soft_wrap=True)
    if any(row.name.startswith("postgres") and row.state == "ready" for row in rows):
        for line in summary(settings_in(stack.info().environment)):
            console.print(line, style="red", markup=False, soft_wrap=True)
    for row in rows:
        for name, warning in _warnings(row.address).items() if row.state == "ready" else ():
            console.print(f"[yellow]{row.name}: {name}: {escape(warning)}[/]", soft_wrap=True)
    if any(row.state not in {"ready", "stopped"} for row in rows):
        raise typer.Exit(3)


def _warnings(address: str) -> dict[str, str]:
    """What a part that is ready wants an operator to know, by its metrics address."""
    url = address.removesuffix("/metrics") + "/health/ready"
    if not address.endswith("/metrics"):
        return {}
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own http address
            said = json.load(answer)
    except (OSError, ValueError):
        return {}
    warnings = said.get("warnings", {})
    return {name: str(warning) for name, warning in warnings.items()}


def places(stack: Stack, record: Record) -> Table:
    """Where everything of a running stack is."""
    environment = record.environment
    table = Table(show_header=False, box=None)
    for name, place in (
        ("API", record.api),
        ("Inbox 收件箱", record.inbox),
        ("Kafka", environment.get("CUIBAN_KAFKA", "")),
        ("PostgreSQL", environment.get("CUIBAN_DATABASE_URL", "")),
        ("Mail", environment.get("CUIBAN_SMTP_URL", "")),
        ("SMS", environment.get("CUIBAN_SMS_URL", "")),
        ("Token", str(stack.token_file) if stack.token_file.exists() else ""),
        ("Logs", str(stack.state / "logs")),
    ):
        if place:
            table.add_row(f"[bold]{name}[/]", place)
    return table
