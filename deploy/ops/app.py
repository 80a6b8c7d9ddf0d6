"""`cuiban ops`: what an operator sees and decides when something has stopped.

Each command is a function in a module of its own here, and is added below.
"""

import typer

from deploy.ops.conservation import show_conservation
from deploy.ops.holds import hold, list_holds, release
from deploy.ops.outbox import outbox, replay_outbox
from deploy.ops.overview import list_findings
from deploy.ops.parked import discard, list_parked, replay
from deploy.ops.rewind import rewind
from deploy.ops.streams import list_streams, resume

ops = typer.Typer(
    help="See what has stopped, and let it go on.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@ops.callback()
def _ops() -> None:
    """See what has stopped, and let it go on.

    Status 0: done. 1: the answer is no. 2: wrong use. 3: nothing runs that could be asked.
    """


ops.command("list")(list_findings)
ops.command("streams")(list_streams)
ops.command("resume")(resume)
ops.command("parked")(list_parked)
ops.command("replay")(replay)
ops.command("discard", context_settings={"ignore_unknown_options": True})(discard)  # offset -1
ops.add_typer(outbox, name="outbox")
ops.command("replay-outbox")(replay_outbox)
ops.command("rewind")(rewind)
ops.command("conservation")(show_conservation)
ops.command("hold")(hold)
ops.command("release")(release)
ops.command("holds")(list_holds)
