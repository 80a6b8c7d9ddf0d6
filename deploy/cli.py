"""The `cuiban` command."""

import asyncio
import sys

import typer
from rich.console import Console

from deploy.demo.command import demo
from deploy.local.commands import down, status, up
from deploy.office.audit import audit
from deploy.office.ledger import ledger
from deploy.office.plans import import_plan, plan, units
from deploy.prepare import migrate_all
from shared.brokering import create_topics
from shared.errors import CuibanError
from shared.settings import Settings

app = typer.Typer(
    name="cuiban",
    help="催办: reminds units of what they owe, and proves that it did.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(up)
app.command()(down)
app.command()(status)
app.command()(demo)
app.command("import")(import_plan)
app.add_typer(units, name="units")
app.add_typer(plan, name="plan")
app.command()(ledger)
app.add_typer(audit, name="audit")


@app.command()
def topics() -> None:
    """Make the topics that the broker (CUIBAN_KAFKA) lacks."""
    made = asyncio.run(create_topics(Settings.load()))
    print("\n".join(made) or "All topics are there.")


@app.command()
def migrate() -> None:
    """Bring the schemas in the database (CUIBAN_DATABASE_URL) to their newest version."""
    migrate_all(Settings.load())
    print("All schemas are up to date.")


def main() -> None:
    """Run the command; an error that a person can mend is one clear text and status 1."""
    try:
        app()
    except CuibanError as error:
        Console(stderr=True).print(f"[red]{error.message}[/]", soft_wrap=True)
        if error.hint:
            Console(stderr=True).print(error.hint, soft_wrap=True)
        sys.exit(1)
