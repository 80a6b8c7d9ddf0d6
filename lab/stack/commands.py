"""`cuiban up`, `down` and `status`: the local stack from the command line."""

import json
import urllib.request
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from deploy.ops.summary import summary
from deploy.places import STATE, StateOption, settings_in
from deploy.terminal.answers import JsonOption
from lab.stack.stack import Stack
from lab.stack.status import StatusRow, list_addresses

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


def start_stack(
    state: StateOption = STATE,
    ingest: Processes = 1,
    scheduler: Processes = 1,
    notifier: Processes = 1,
    as_json: JsonOption = False,
) -> None:
    """Start Kafka, PostgreSQL, the sinks and the three services, and print their addresses."""
    console = Console(stderr=as_json)
    stack = Stack(state)
    services = {"ingest": ingest, "scheduler": scheduler, "notifier": notifier}
    try:
        with console.status("starting") as shown:
            stack.start_all(services=services, say=_make_reporter(console, shown.update))
    except KeyboardInterrupt:
        console.print("Interrupted; ending what was started.")
        stack.stop_all()
        raise typer.Exit(130) from None
    if as_json:
        print(json.dumps(_describe_stack(stack, stack.list_status()), ensure_ascii=False, indent=1))
        return
    _show_addresses(console, stack)
    console.print("`cuiban status` shows what runs, `cuiban down` ends it.")


def _make_reporter(console: Console, update: Callable[[str], None]) -> Callable[[str], None]:
    """Return a function that shows progress: one line on a terminal, else one line per step."""

    def say(message: str) -> None:
        update(message)
        if not console.is_terminal and "fetching jar" not in message:
            console.print(message, soft_wrap=True)

    return say


def stop_stack(
    state: StateOption = STATE,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Delete all its data too.")] = False,
) -> None:
    """Stop the local stack; its data is kept for the next start unless it is purged."""
    Stack(state).stop_all(purge=purge)
    print("Nothing runs any more." + (" Its data is deleted." if purge else ""))


def show_status(state: StateOption = STATE, as_json: JsonOption = False) -> None:
    """Show the parts of the local stack; exit status 3 when a part that should run does not."""
    console = Console()
    stack = Stack(state)
    rows = stack.list_status()
    stopped = _list_stopped(stack, rows)
    warnings = {row.name: _fetch_warnings(row.address) for row in rows if row.state == "ready"}
    if as_json:
        report = _describe_stack(stack, rows) | {
            "stopped": stopped,
            "warnings": {name: messages for name, messages in warnings.items() if messages},
        }
        print(json.dumps(report, ensure_ascii=False, indent=1))
    elif not rows:
        console.print(f"No stack runs in {stack.state}. Start one with `cuiban up`.")
    else:
        _show_parts(console, rows)
        console.print(f"Logs {stack.state / 'logs'}", soft_wrap=True)
        for line in stopped:
            console.print(line, style="red", markup=False, soft_wrap=True)
        for name, messages in warnings.items():
            for about, warning in messages.items():
                line = f"{name}: {about}: {warning}"
                console.print(line, style="yellow", markup=False, soft_wrap=True)
    if not rows or any(row.state not in {"ready", "stopped"} for row in rows):
        raise typer.Exit(3)


def _describe_stack(stack: Stack, rows: Sequence[StatusRow]) -> dict[str, Any]:
    """The report that `--json` prints: parts, addresses, and the path of the token's file."""
    return {
        "parts": [{**row._asdict(), "log": str(row.log)} for row in rows],
        "addresses": list_addresses(stack.get_record() if rows and rows[0].pid else None),
        "token_file": str(stack.token_file),
    }


def _list_stopped(stack: Stack, rows: Sequence[StatusRow]) -> list[str]:
    """What is stopped and needs an operator, one line each; empty when the database is down."""
    if not any(row.name.startswith("postgres") and row.state == "ready" for row in rows):
        return []
    return summary(settings_in(stack.get_record().environment))


def _show_parts(console: Console, rows: Sequence[StatusRow]) -> None:
    """Print a line for each part. A narrow terminal wraps lines; nothing is cut off."""
    widest = max(len(row.name) for row in rows)
    console.print(f"{'part':<{widest}}  state     pid      restarts  address", style="bold")
    for row in rows:
        line = Text(f"{row.name:<{widest}}  ")
        line.append(f"{row.state:<9} ", style=COLOURS.get(row.state, "red"))
        line.append(f"{row.pid or '-':<8} {row.restarts:<9} {row.address}")
        console.print(line, soft_wrap=True)


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


def _show_addresses(console: Console, stack: Stack) -> None:
    """Print each address of a running stack on its own line."""
    places = {_LABELS[name]: at for name, at in list_addresses(stack.get_record()).items()}
    if stack.token_file.exists():
        places["Token"] = str(stack.token_file)
    places["Logs"] = str(stack.state / "logs")
    for name, place in places.items():
        line = Text(name, style="bold")
        line.pad_right(max(1, 14 - line.cell_len))
        console.print(line.append(place, style="not bold"), soft_wrap=True)
