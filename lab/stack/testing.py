"""The real engines for tests and chaos runs, started and ended here."""

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
    build_sinks_program,
    end_processes,
    find_free_ports,
    find_marked,
    spawn,
    wait_ready,
)

ATTEMPTS = 3  # a free port can be taken before it is used


class Engines:
    """A running broker and database; each can be killed and started again."""

    def __init__(self, state: Path, say: Callable[[str], None], *, durable: bool = True) -> None:
        self.state = state.resolve()
        self._durable = durable
        self._say = say
        self._programs: dict[str, Program] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self.kafka = ""  # host:port
        self.database_url = ""  # of the maintenance database; see create_database

    def start_kafka(self) -> None:
        """Start the broker on a free port and wait until it serves clients."""

        def build() -> Program:
            port, controller_port = find_free_ports(2)
            broker = kafka.Broker(self.state / "kafka", port, controller_port)
            self.kafka = broker.address
            return broker.build_program(self._say)

        self._start_on_free_port(build)

    def start_postgres(self) -> None:
        """Start the server on a free port and wait until it accepts connections."""

        def build() -> Program:
            server = postgres.Server(self.state / "postgres", find_free_ports(1)[0], self._durable)
            self.database_url = server.build_url()
            return server.build_program(self._say)

        self._start_on_free_port(build)

    def create_database(self, name: str, template: str = "") -> str:
        """Create a database, empty or as a copy of another one; returns its URL."""
        return postgres.create_database(self.database_url, name, template)

    def drop_database(self, url: str) -> None:
        """Drop a database, and end the sessions in it."""
        postgres.drop_database(url)

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        """Send `kafka` or `postgres` a signal; after SIGKILL, return once it has ended."""
        child = self._children[name]
        child.send_signal(number)
        if number == signal.SIGKILL:
            child.wait(timeout=30)

    def start(self, name: str) -> None:
        """Start a killed engine again, on the same port with the same data."""
        self._run(self._programs[name])

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        for name, child in reversed(self._children.items()):
            program = self._programs[name]
            if child.poll() is None:
                end_processes(
                    [Identity.of(child.pid)],
                    first=program.stop_signal,
                    within=program.stop_within,
                )
            child.wait(timeout=10)
        end_processes(find_marked(self.state))

    def _start_on_free_port(self, build: Callable[[], Program]) -> None:
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


def prepare_sinks(state: Path, secret: str) -> tuple[Program, int, int]:
    """The program of the sinks, their SMTP port and their HTTP port."""
    smtp, http = find_free_ports(2)
    return build_sinks_program(smtp, http, state, {"CUIBAN_SMS_SECRET": secret}), smtp, http


@contextmanager
def run_engines(
    state: Path, *, durable: bool = True, say: Callable[[str], None] = print
) -> Iterator[Engines]:
    """Run a broker and a database with their data under `state` for the length of the block.

    What an earlier run with the same directory left running is ended first. A database that is not
    `durable` runs without fsync: it survives being killed, but not a crash of the machine.
    """
    running = Engines(state, say, durable=durable)
    end_processes(find_marked(running.state))
    try:
        running.start_kafka()
        running.start_postgres()
        yield running
    finally:
        running.stop()
