"""The process that watches over a local stack: `python -m lab.stack.supervisor --state DIR`.

It reads DIR/plan.json, starts the engines, runs the preparation, starts the services, and keeps
them running until it is told to end. DIR/stack.json always says what runs.
"""

import argparse
import os
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from lab.stack import kafka, postgres
from lab.stack.errors import LocalStackError
from lab.stack.parts import Part
from lab.stack.processes import (
    HOST,
    Identity,
    Program,
    end,
    free_ports,
    python_environment,
    sinks_on,
    spawn,
    tail,
)
from lab.stack.record import PLAN, RECORD, WANTED, Plan, Record, Service, Wanted, external
from shared import clock

REST = 0.1  # seconds between two looks at all parts
PREPARE_WITHIN = 180.0


class StopAsked(Exception):  # noqa: N818 - not an error
    """Someone asked the supervisor to end."""


class Supervisor:
    """Runs one plan in one state directory."""

    def __init__(self, state: Path, plan: Plan) -> None:
        self._state, self._plan = state, plan
        self._parts: list[Part] = []
        self._environment: dict[str, str] = {}
        self._inbox = self._api = ""
        self._phase = "starting"
        self._error = ""
        self._written = ""
        self._identity = Identity.of(os.getpid())
        self._owner = Identity(*plan.owner) if plan.owner else None
        self._stop_asked = False

    def ask_to_stop(self, *_: object) -> None:
        """Signal handler: end at the next look."""
        self._stop_asked = True

    def run(self) -> int:
        """Run until asked to stop; 0 then, 1 when the stack could not be started."""
        self._write()
        try:
            self._start_engines()
            self._prepare()
            self._start_services()
            self._phase = "ready"
            _say("everything is ready")
            while True:
                self._look()
        except StopAsked:
            _say("asked to stop")
            self._phase = "stopping"
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing may be left running
            self._phase, self._error = "failed", str(error)
            _say(f"giving up: {error}")
        failed = self._phase == "failed"
        self._write()
        for part in reversed(self._parts):
            part.stop()
            _say(f"{part.name}: stopped")
            self._write()
        return int(failed)

    def _start_engines(self) -> None:
        given = external({**os.environ, **self._plan.environment})
        self._environment = {**self._plan.environment, **given}
        if not self._plan.engines:
            return
        self._environment["CUIBAN_SMS_SECRET"] = self._sms_secret()
        if "CUIBAN_KAFKA" not in given:
            self._add_brokers()
        if "CUIBAN_DATABASE_URL" not in given:
            self._add("postgres", self._postgres)
        if not {"CUIBAN_SMTP_URL", "CUIBAN_SMS_URL"} <= given.keys():
            self._add("sinks", self._sinks)
        self._until_ready()
        if "CUIBAN_DATABASE_URL" not in given:
            server = self._environment["CUIBAN_DATABASE_URL"]
            postgres.create_database(server, "cuiban")

    def _add_brokers(self) -> None:
        if self._plan.brokers == 1:
            self._add("kafka", self._kafka)
            return
        brokers = kafka.cluster(self._state, free_ports(2 * self._plan.brokers))
        self._environment["CUIBAN_KAFKA"] = ",".join(broker.address for broker in brokers)
        self._environment.setdefault("CUIBAN_REPLICATION", str(len(brokers)))
        for broker in brokers:
            self._add(f"kafka-{broker.node}", partial(self._broker, broker))

    def _broker(self, broker: kafka.Broker) -> tuple[Program, str]:
        return broker.program(_say), broker.address

    def _kafka(self) -> tuple[Program, str]:
        port, controller = free_ports(2)
        broker = kafka.Broker(self._state / "kafka", port, controller)
        self._environment["CUIBAN_KAFKA"] = broker.address
        return broker.program(_say), broker.address

    def _postgres(self) -> tuple[Program, str]:
        server = postgres.Server(self._state / "postgres", free_ports(1)[0])
        url = self._environment["CUIBAN_DATABASE_URL"] = server.url("cuiban")
        return server.program(_say), url

    def _sinks(self) -> tuple[Program, str]:
        smtp, http = free_ports(2)
        self._environment.setdefault("CUIBAN_SMTP_URL", f"smtp://{HOST}:{smtp}")
        self._environment.setdefault("CUIBAN_SMS_URL", f"http://{HOST}:{http}/sms")
        self._inbox = f"http://{HOST}:{http}/"
        program = sinks_on(smtp, http, self._state / "sinks", self._environment)
        return program, self._inbox

    def _prepare(self) -> None:
        if self._plan.prepare is None:
            return
        log = self._state / "logs" / "prepare.log"
        program = Program(
            name="prepare",
            argv=self._plan.prepare,
            log=log,
            env={**python_environment(), **self._environment},
            ready=lambda: True,
        )
        _say("preparing topics and schemas")
        child = spawn(program, mark=self._state)
        until = time.monotonic() + PREPARE_WITHIN
        try:
            while (code := child.poll()) is None and time.monotonic() < until:
                self._look()
        finally:
            if child.poll() is None:
                end([Identity.of(child.pid)])
            child.wait(timeout=10)
        if code != 0:
            ended = "did not end in time" if code is None else f"ended with code {code}"
            raise LocalStackError(f"The preparation {ended}. Its log ends with:\n{tail(log)}")

    def _start_services(self) -> None:
        for service, count in self._plan.services:
            for number in range(1, count + 1):
                self._add(f"{service.name}-{number}", self._service(service, number))
        self._until_ready()

    def _service(self, service: Service, number: int) -> Callable[[], tuple[Program, str]]:
        name = f"{service.name}-{number}"

        def build() -> tuple[Program, str]:
            metrics, http = free_ports(2)
            env = {**python_environment(), "CUIBAN_LOG_FORMAT": "json", **self._environment}
            env["CUIBAN_METRICS_PORT"] = str(metrics)
            address = f"http://{HOST}:{metrics}/metrics"
            if service.serves_http:
                asked = {**os.environ, **self._environment}.get("CUIBAN_HTTP_PORT")
                http = int(asked) if asked and number == 1 else http
                env["CUIBAN_HTTP_PORT"] = str(http)
                address = f"http://{HOST}:{http}/"
                if number == 1:
                    self._api = address
            path = service.ready
            program = Program(
                name=name,
                argv=service.argv,
                log=self._state / "logs" / f"{name}.log",
                env=env,
                directory=self._state,  # faust makes a directory where it stands
                ready=lambda: path is None or answers_ok(f"http://{HOST}:{metrics}{path}"),
            )
            return program, address

        return build

    def _sms_secret(self) -> str:
        if given := {**os.environ, **self._plan.environment}.get("CUIBAN_SMS_SECRET"):
            return given
        path = self._state / "sms-secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text("whsec_" + b64encode(secrets.token_bytes(32)).decode())
        return path.read_text()

    def _add(self, name: str, build: Callable[[], tuple[Program, str]]) -> None:
        _say(f"{name}: starting")
        self._parts.append(Part(name, build, self._state, _say))

    def _until_ready(self) -> None:
        while not all(part.ready or not part.wanted for part in self._parts):
            self._look()

    def _look(self) -> None:
        if self._stop_asked:
            raise StopAsked
        if self._owner and self._owner.process() is None:
            _say("who started this has ended")
            raise StopAsked
        wanted = Wanted.load(self._state / WANTED) or Wanted()
        for part in self._parts:
            part.wanted = part.name not in wanted.stopped
            part.environment = {
                **self._plan.parts.get(part.name, {}),
                **wanted.environment.get(part.name, {}),
            }
            part.tick()
        self._write()
        time.sleep(REST)  # files and health ports are looked at: nothing tells of a change

    def _write(self) -> None:
        """Write the record when something in it has changed."""
        record = Record.model_validate(
            {
                "state": self._phase,
                "error": self._error,
                "supervisor_pid": self._identity.pid,
                "supervisor_created": self._identity.created,
                "inbox": self._inbox,
                "api": self._api,
                "environment": self._environment,
                "parts": tuple(part.record() for part in self._parts),
            }
        )
        if (text := record.model_dump_json()) != self._written:
            try:
                record.save(self._state / RECORD)
            except OSError as error:  # a full disk is no reason to end what runs
                _say(f"{RECORD} could not be written: {error}")
            else:
                self._written = text


def answers_ok(url: str) -> bool:
    """Whether a GET is answered with 200 within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False


def _say(message: str) -> None:
    print(f"{clock.real_now():%Y-%m-%dT%H:%M:%S} {message}", flush=True)


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the plan in the state directory."""
    parser = argparse.ArgumentParser(description="Watch over a local stack.")
    parser.add_argument("--state", type=Path, required=True)
    state = parser.parse_args(None if arguments is None else list(arguments)).state.resolve()
    plan = Plan.load(state / PLAN)
    if plan is None:
        print(f"{state / PLAN} is not there: `cuiban up` writes it.", file=sys.stderr)
        return 1
    supervisor = Supervisor(state, plan)
    signal.signal(signal.SIGTERM, supervisor.ask_to_stop)
    signal.signal(signal.SIGINT, supervisor.ask_to_stop)
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
