"""The check of clocks: how far this machine's is ahead of the database's and of Kafka's."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.doctor.checking import CheckState, Engine, Finding, Report
from deploy.terminal.language import _
from shared.clock import read_machine_time
from shared.kafka.broker.cluster import read_controller_time
from shared.settings import Settings


async def check_database_clock(engine: AsyncEngine, settings: Settings) -> Report:
    """The database's clock beside this machine's: services stop when they differ."""
    async with engine.connect() as db:
        await db.execute(text("SELECT 1"))  # the time of the connection is not to be measured
        before = read_machine_time()
        reading: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
        after = read_machine_time()
    ahead = measure(before, reading, after)
    return [judge_offset(Engine.POSTGRESQL, ahead, settings.clock_skew, stops=True)]


async def check_broker_clock(settings: Settings) -> Report:
    """The clock of Kafka's controller beside this machine's: the times of records."""
    before = read_machine_time()
    reading = await read_controller_time(settings)
    after = read_machine_time()
    if reading is None:
        saw = _("Kafka does not tell its time to this user.")
        return [Finding("clock", Engine.KAFKA, CheckState.SKIPPED, saw)]
    return [judge_offset(Engine.KAFKA, measure(before, reading, after), settings.clock_skew)]


def measure(before: datetime, reading: datetime, after: datetime) -> timedelta:
    """How far this machine is ahead of a clock that was read between two readings of its own.

    Zero where the other clock's reading lies between them.
    """
    if reading < before:
        return before - reading
    return min(after - reading, timedelta(0))


def judge_offset(
    engine: Engine, ahead: timedelta, bound: timedelta, *, stops: bool = False
) -> Finding:
    """The finding about a clock.

    Args:
        engine: whose clock this machine's is compared with.
        ahead: how far this machine's is ahead.
        bound: the largest accepted difference (`CUIBAN_CLOCK_SKEW`).
        stops: whether services stop beyond it.
    """
    saw = _("This machine's clock is ahead of {engine}'s by {seconds:.1f} s.").format(
        engine=engine, seconds=ahead / timedelta(seconds=1)
    )
    state, todo = CheckState.OK, ""
    if abs(ahead) > bound / 2:
        state = CheckState.FAILED if stops and abs(ahead) > bound else CheckState.WARNING
        todo = _("Set the clocks right: `timedatectl` or `chronyc tracking` on both machines.")
    return Finding("clock", engine, state, saw, todo)
