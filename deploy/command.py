"""The `cuiban` command. Only the module of the command that is called is loaded."""

import sys
from importlib import import_module
from typing import Any

import typer
from rich.console import Console

from shared.errors import CuibanError

_COMMANDS = {
    "up": "lab.stack.commands:start_stack",
    "down": "lab.stack.commands:stop_stack",
    "status": "lab.stack.commands:show_status",
    "demo": "lab.demo.command:run_demo",
    "chaos": "lab.chaos.command:run_chaos",
    "import": "cli.plans:import_plan",
    "units": "cli.units:units",
    "plan": "cli.plans:plan",
    "ledger": "cli.ledger:ledger",
    "audit": "cli.audit:audit",
    "ops": "deploy.ops.app:ops",
    "bench": "lab.bench.command:bench",
    "topics": "deploy.prepare:topics",
    "migrate": "deploy.prepare:migrations",
}


def command_line(*names: str) -> typer.Typer:
    """The command with the named subcommands; without names, all that can run here.

    A production image has the operator's commands alone: `ops`, `topics` and `migrate`.

    Raises:
        CuibanError: a named one needs a package that is not installed.
    """
    app = typer.Typer(
        name="cuiban",
        help="催办: reminds units of what they owe, and proves that it did.",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
    )
    app.callback()(_nothing)
    for name in names or _COMMANDS:
        try:
            found = _loaded(name)
        except ModuleNotFoundError as error:
            if not names:
                continue
            raise _lacks(name, (error.name or "").partition(".")[0]) from error
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _lacks(name: str, package: str) -> CuibanError:
    message = f"`cuiban {name}` needs {package}, which is not installed here."
    if package in {"cli", "lab"}:
        where = "Type it where the whole package is, with CUIBAN_API and CUIBAN_TOKEN."
        return CuibanError(message, where if package == "cli" else "It needs the whole package.")
    hint = "Install requirements/local.txt; benches and tests need requirements/dev.txt."
    return CuibanError(message, hint)


def _loaded(name: str) -> Any:  # noqa: ANN401 - a function, or a group of them
    module, attribute = _COMMANDS[name].split(":")
    return getattr(import_module(module), attribute)


def _nothing() -> None:
    """催办: reminds units of what they owe, and proves that it did."""


def main() -> None:
    """Run the command; an error that a person can mend is one clear text and status 1."""
    called = [argument for argument in sys.argv[1:2] if argument in _COMMANDS]
    try:
        command_line(*called)()
    except CuibanError as error:
        console = Console(stderr=True)
        # A message may quote what a file holds, so nothing in it is markup.
        console.print(error.message, style="red", markup=False, soft_wrap=True)
        if error.hint:
            console.print(error.hint, markup=False, soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
