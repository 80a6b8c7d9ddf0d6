"""The process that supervises a local stack: `python -m lab.stack.supervisor --state DIR`.

It reads DIR/plan.json, starts the engines, runs the preparation, starts the services, and keeps
them running until it is asked to stop. DIR/stack.json always holds the present state.
"""

import argparse
import os
import secrets
import signal
import sys
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from lab.stack import kafka, postgres
from lab.stack.errors import LocalStackError
from lab.stack.parts import SupervisedPart
from lab.stack.processes import (
    HOST,
    Identity,
    Program,
    build_python_environment,
    build_sinks_program,
    end_processes,
    find_free_ports,
    read_tail,
    spawn,
)
from lab.stack.record import (
    OVERRIDES,
    PLAN,
    RECORD,
    PartOverrides,
    ServiceCommand,
    StackPlan,
    StackRecord,
    select_external,
)
from lab.stack.service_programs import ServicePrograms
from shared import clock

REST = 0.1  # seconds between two checks of all parts
PREPARE_WITHIN = 180.0


class StopRequested(Exception):  # noqa: N818 - not an error
    """The supervisor was asked to stop."""


class Supervisor:
    """Runs one plan in one state directory."""

    def __init__(self, state: Path, plan: StackPlan) -> None:
        self._state, self._plan = state, plan
        self._parts: list[SupervisedPart] = []
        self._environment: dict[str, str] = {}
        self._inbox = ""
        given = {**os.environ, **plan.environment}
        self._programs = ServicePrograms(state, given, self._environment)
        self._phase = "starting"
        self._error = ""
        self._written = ""
        self._identity = Identity.of(os.getpid())
        self._owner = Identity(*plan.owner) if plan.owner else None
        self._stop_requested = False

    def request_stop(self, *_: object) -> None:
        """Signal handler: stop at the next check."""
        self._stop_requested = True

    def run(self) -> int:
        """Run until asked to stop; returns 0 then, and 1 when the stack could not be started."""
        self._save_record()
        try:
            self._start_engines()
            self._prepare()
            self._start_services()
            self._phase = "ready"
            _say("everything is ready")
            while True:
                self._check_parts()
        except StopRequested:
            _say("asked to stop")
            self._phase = "stopping"
        except Exception as error:  # noqa: BLE001 - after any error nothing may be left running
            self._phase, self._error = "failed", str(error)
            _say(f"giving up: {error}")
        failed = self._phase == "failed"
        self._save_record()
        for part in reversed(self._parts):
            part.stop()
            _say(f"{part.name}: stopped")
            self._save_record()
        return int(failed)

    def _start_engines(self) -> None:
        given = select_external({**os.environ, **self._plan.environment})
        self._environment.update(self._plan.environment | given)
        if not self._plan.engines:
            return
        self._environment["CUIBAN_SMS_SECRET"] = self._get_secret("CUIBAN_SMS_SECRET", "whsec_")
        self._environment["CUIBAN_LINK_KEYS"] = self._get_secret("CUIBAN_LINK_KEYS", "local:")
        if "CUIBAN_KAFKA" not in given:
            self._add_brokers()
        if "CUIBAN_DATABASE_URL" not in given:
            self._add("postgres", self._build_postgres)
        if not {"CUIBAN_SMTP_URL", "CUIBAN_SMS_URL"} <= given.keys():
            self._add("sinks", self._build_sinks)
        self._wait_until_ready()
        if "CUIBAN_DATABASE_URL" not in given:
            server = self._environment["CUIBAN_DATABASE_URL"]
            postgres.create_database(server, "cuiban")

    def _add_brokers(self) -> None:
        if self._plan.brokers == 1:
            self._add("kafka", self._build_kafka)
            return
        brokers = kafka.build_cluster(self._state, find_free_ports(2 * self._plan.brokers))
        self._environment["CUIBAN_KAFKA"] = ",".join(broker.address for broker in brokers)
        self._environment.setdefault("CUIBAN_REPLICATION", str(len(brokers)))
        for broker in brokers:
            self._add(f"kafka-{broker.node}", partial(self._build_broker, broker))

    def _build_broker(self, broker: kafka.Broker) -> tuple[Program, str]:
        return broker.build_program(_say), broker.address

    def _build_kafka(self) -> tuple[Program, str]:
        port, controller = find_free_ports(2)
        broker = kafka.Broker(self._state / "kafka", port, controller)
        self._environment["CUIBAN_KAFKA"] = broker.address
        return broker.build_program(_say), broker.address

    def _build_postgres(self) -> tuple[Program, str]:
        server = postgres.Server(
            self._state / "postgres", find_free_ports(1)[0], self._plan.durable
        )
        url = self._environment["CUIBAN_DATABASE_URL"] = server.build_url("cuiban")
        return server.build_program(_say), url

    def _build_sinks(self) -> tuple[Program, str]:
        smtp, http = find_free_ports(2)
        self._environment.setdefault("CUIBAN_SMTP_URL", f"smtp://{HOST}:{smtp}")
        self._environment.setdefault("CUIBAN_SMS_URL", f"http://{HOST}:{http}/sms")
        self._inbox = f"http://{HOST}:{http}/"
        program = build_sinks_program(smtp, http, self._state / "sinks", self._environment)
        return program, self._inbox

    def _prepare(self) -> None:
        if self._plan.prepare is None:
            return
        log = self._state / "logs" / "prepare.log"
        program = Program(
            name="prepare",
            argv=self._plan.prepare,
            log=log,
            env={**build_python_environment(), **self._environment},
            ready=lambda: True,
        )
        _say("preparing topics and schemas")
        child = spawn(program, mark=self._state)
        until = time.monotonic() + PREPARE_WITHIN
        try:
            while (code := child.poll()) is None and time.monotonic() < until:
                self._check_parts()
        finally:
            if child.poll() is None:
                end_processes([Identity.of(child.pid)])
            child.wait(timeout=10)
        if code != 0:
            ended = "did not end in time" if code is None else f"ended with code {code}"
            raise LocalStackError(f"The preparation {ended}. Its log ends with:\n{read_tail(log)}")

    def _start_services(self) -> None:
        pages = [pair for pair in self._plan.services if pair[0].name == "console"]
        if any(count for _, count in pages):
            self._programs.choose_console_address()
        for service, count in self._plan.services:
            if service.name != "console":
                self._add_services(service, count)
        self._wait_until_ready()
        for service, count in pages:  # now the address of the API is certain
            self._add_services(service, count)
        self._wait_until_ready()

    def _add_services(self, service: ServiceCommand, count: int) -> None:
        for number in range(1, count + 1):
            self._add(f"{service.name}-{number}", self._programs.make_builder(service, number))

    def _get_secret(self, setting: str, prefix: str) -> str:
        """The secret that a setting has; else one of this stack, which is made once."""
        if value := {**os.environ, **self._plan.environment}.get(setting):
            return value
        path = self._state / setting.removeprefix("CUIBAN_").lower().replace("_", "-")
        if not path.exists():
            path.touch(mode=0o600)
            encode = b64encode if prefix == "whsec_" else urlsafe_b64encode
            path.write_text(prefix + encode(secrets.token_bytes(32)).decode())
        return path.read_text()

    def _add(self, name: str, build: Callable[[], tuple[Program, str]]) -> None:
        _say(f"{name}: starting")
        self._parts.append(SupervisedPart(name, build, self._state, _say))

    def _wait_until_ready(self) -> None:
        while not all(part.ready or not part.wanted for part in self._parts):
            self._check_parts()

    def _check_parts(self) -> None:
        if self._stop_requested:
            raise StopRequested
        if self._owner and self._owner.find_process() is None:
            _say("the owner process has ended")
            raise StopRequested
        overrides = PartOverrides.load(self._state / OVERRIDES) or PartOverrides()
        for part in self._parts:
            part.wanted = part.name not in overrides.stopped
            part.environment = {
                **self._plan.parts.get(part.name, {}),
                **overrides.environment.get(part.name, {}),
            }
            part.supervise()
        self._save_record()
        time.sleep(REST)  # files and health endpoints can only be polled

    def _save_record(self) -> None:
        """Save the record when it has changed."""
        record = StackRecord.model_validate(
            {
                "state": self._phase,
                "error": self._error,
                "supervisor_pid": self._identity.pid,
                "supervisor_created": self._identity.created,
                "inbox": self._inbox,
                "api": self._programs.api,
                "console": self._programs.console,
                "environment": self._environment,
                "parts": tuple(part.to_record() for part in self._parts),
            }
        )
        if (text := record.model_dump_json()) != self._written:
            try:
                record.save(self._state / RECORD)
            except OSError as error:  # a full disk is no reason to stop what runs
                _say(f"{RECORD} could not be written: {error}")
            else:
                self._written = text


def _say(message: str) -> None:
    print(f"{clock.read_machine_time():%Y-%m-%dT%H:%M:%S} {message}", flush=True)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the plan in the state directory."""
    parser = argparse.ArgumentParser(description="Watch over a local stack.")
    parser.add_argument("--state", type=Path, required=True)
    state = parser.parse_args(None if arguments is None else list(arguments)).state.resolve()
    plan = StackPlan.load(state / PLAN)
    if plan is None:
        print(f"{state / PLAN} is not there: `cuiban up` writes it.", file=sys.stderr)
        return 1
    supervisor = Supervisor(state, plan)
    signal.signal(signal.SIGTERM, supervisor.request_stop)
    signal.signal(signal.SIGINT, supervisor.request_stop)
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
