"""`cuiban up`, `down` and `status`: the local stack from the command line."""

import json
import urllib.request
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from deploy.ops.running import JsonOption
from deploy.ops.summary import summary
from deploy.places import STATE, StateOption, settings_in
from lab.stack.stack import Stack
from lab.stack.status import Row, addresses_of

COLOURS = {"ready": "green", "starting": "yellow", "waiting": "yellow", "stopped": "dim"}
_LABELS = {
    "api": "API",
    "inbox": "Inbox 收件箱",
    "kafka": "Kafka",
    "database": "PostgreSQL",
    "smtp": "Mail",
    "sms": "SMS",
}
Processes = Annotated[int, typer.Option(min=0, max=32, help="How many processes of it.")]


def up(
    state: StateOption = STATE,
    ingest: Processes = 1,
    scheduler: Processes = 1,
    notifier: Processes = 1,
    as_json: JsonOption = False,
) -> None:
    """Start Kafka, PostgreSQL, the sinks and the three services, and say where they are."""
    console = Console(stderr=as_json)
    stack = Stack(state)
    services = {"ingest": ingest, "scheduler": scheduler, "notifier": notifier}
    try:
        with console.status("starting") as shown:
            stack.up(services=services, say=_teller(console, shown.update))
    except KeyboardInterrupt:
        console.print("Interrupted; ending what was started.")
        stack.down()
        raise typer.Exit(130) from None
    if as_json:
        print(json.dumps(_report(stack, stack.status()), ensure_ascii=False, indent=1))
        return
    _show_addresses(console, stack)
    console.print("`cuiban status` shows what runs, `cuiban down` ends it.")


def _teller(console: Console, update: Callable[[str], None]) -> Callable[[str], None]:
    """Shows progress in one line on a terminal, and elsewhere a line for each step."""

    def say(message: str) -> None:
        update(message)
        if not console.is_terminal and "fetching jar" not in message:
            console.print(message, soft_wrap=True)

    return say


def down(
    state: StateOption = STATE,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Delete all its data too.")] = False,
) -> None:
    """End the local stack; its data stays for the next start unless it is purged."""
    Stack(state).down(purge=purge)
    print("Nothing runs any more." + (" Its data is deleted." if purge else ""))


def status(state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """Show what runs of the local stack; status 3 when something that should run does not."""
    console = Console()
    stack = Stack(state)
    rows = stack.status()
    stopped = _stopped(stack, rows)
    warnings = {row.name: _warnings(row.address) for row in rows if row.state == "ready"}
    if as_json:
        report = _report(stack, rows) | {
            "stopped": stopped,
            "warnings": {name: told for name, told in warnings.items() if told},
        }
        print(json.dumps(report, ensure_ascii=False, indent=1))
    elif not rows:
        console.print(f"No stack runs in {stack.state}. Start one with `cuiban up`.")
    else:
        _show_parts(console, rows)
        console.print(f"Logs {stack.state / 'logs'}", soft_wrap=True)
        for line in stopped:
            console.print(line, style="red", markup=False, soft_wrap=True)
        for name, told in warnings.items():
            for about, warning in told.items():
                line = f"{name}: {about}: {warning}"
                console.print(line, style="yellow", markup=False, soft_wrap=True)
    if not rows or any(row.state not in {"ready", "stopped"} for row in rows):
        raise typer.Exit(3)


def _report(stack: Stack, rows: Sequence[Row]) -> dict[str, Any]:
    """What `--json` prints: the parts, where they are reached, and the token's file."""
    return {
        "parts": [{**row._asdict(), "log": str(row.log)} for row in rows],
        "addresses": addresses_of(stack.info() if rows and rows[0].pid else None),
        "token_file": str(stack.token_file),
    }


def _stopped(stack: Stack, rows: Sequence[Row]) -> list[str]:
    """What an operator must let go on, a line each."""
    if not any(row.name.startswith("postgres") and row.state == "ready" for row in rows):
        return []
    return summary(settings_in(stack.info().environment))


def _show_parts(console: Console, rows: Sequence[Row]) -> None:
    """A line for each part. A terminal that is too narrow wraps a line, and cuts nothing off."""
    widest = max(len(row.name) for row in rows)
    console.print(f"{'part':<{widest}}  state     pid      restarts  address", style="bold")
    for row in rows:
        line = Text(f"{row.name:<{widest}}  ")
        line.append(f"{row.state:<9} ", style=COLOURS.get(row.state, "red"))
        line.append(f"{row.pid or '-':<8} {row.restarts:<9} {row.address}")
        console.print(line, soft_wrap=True)


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


def _show_addresses(console: Console, stack: Stack) -> None:
    """Where everything of a running stack is, a line each."""
    places = {_LABELS[name]: at for name, at in addresses_of(stack.info()).items()}
    if stack.token_file.exists():
        places["Token"] = str(stack.token_file)
    places["Logs"] = str(stack.state / "logs")
    for name, place in places.items():
        line = Text(name, style="bold")
        line.pad_right(max(1, 14 - line.cell_len))
        console.print(line.append(place, style="not bold"), soft_wrap=True)
