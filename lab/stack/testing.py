"""The real engines for tests and chaos runs: started here, ended by identity."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.stack import kafka, postgres
from lab.stack.errors import AddressTakenError
from lab.stack.processes import (
    Identity,
    Program,
    end,
    free_ports,
    marked,
    sinks_on,
    spawn,
    wait_ready,
)

ATTEMPTS = 3  # a port can be taken between finding it free and using it


class Engines:
    """A broker and a database that run, each of which can be killed and started again."""

    def __init__(self, state: Path, say: Callable[[str], None], *, durable: bool = True) -> None:
        self.state = state.resolve()
        self._durable = durable
        self._say = say
        self._programs: dict[str, Program] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.kafka = ""  # host:port
        self.database_url = ""  # of the maintenance database; see create_database

    def start_kafka(self) -> None:
        """Start the broker on a free port, waiting until it serves clients."""

        def build() -> Program:
            port, controller_port = free_ports(2)
            broker = kafka.Broker(self.state / "kafka", port, controller_port)
            self.kafka = broker.address
            return broker.program(self._say)

        self._first_start(build)

    def start_postgres(self) -> None:
        """Start the server on a free port, waiting until it accepts connections."""

        def build() -> Program:
            server = postgres.Server(self.state / "postgres", free_ports(1)[0], self._durable)
            self.database_url = server.url()
            return server.program(self._say)

        self._first_start(build)

    def create_database(self, name: str) -> str:
        """Make a database; returns its address."""
        return postgres.create_database(self.database_url, name)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send `kafka` or `postgres` a signal; with SIGKILL, return once it has ended."""
        child = self._children[name]
        child.send_signal(number)
        if number == signal.SIGKILL:
            child.wait(timeout=30)

    def start(self, name: str) -> None:
        """Start a killed engine again, on its old port with its old data."""
        self._run(self._programs[name])

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for name, child in reversed(self._children.items()):
            program = self._programs[name]
            if child.poll() is None:
                end(
                    [Identity.of(child.pid)],
                    first=program.stop_signal,
                    within=program.stop_within,
                )
            child.wait(timeout=10)
        end(marked(self.state))

    def _first_start(self, build: Callable[[], Program]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            program = build()
            try:
                self._run(program)
            except AddressTakenError:
                if attempt == ATTEMPTS:
                    raise
            else:
                return

    def _run(self, program: Program) -> None:
        self._programs[program.name] = program
        child = self._children[program.name] = spawn(program, mark=self.state)
        wait_ready(program, child)


def sinks_program(state: Path, secret: str) -> tuple[Program, int, int]:
    """The sinks alone: their program, the SMTP port and the HTTP port."""
    smtp, http = free_ports(2)
    return sinks_on(smtp, http, state, {"CUIBAN_SMS_SECRET": secret}), smtp, http


@contextmanager
def engines(
    state: Path, *, durable: bool = True, say: Callable[[str], None] = print
) -> Iterator[Engines]:
    """Run a broker and a database with their data under `state`, until the block is left.

    What an earlier run with the same directory left behind is ended first. A database that is not
    `durable` waits for no disk: it loses nothing when it is killed, only when the machine goes.
    """
    running = Engines(state, say, durable=durable)
    end(marked(running.state))
    try:
        running.start_kafka()
        running.start_postgres()
        yield running
    finally:
        running.stop()
