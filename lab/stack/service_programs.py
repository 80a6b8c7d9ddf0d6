"""The programs of the services: their ports, and what they are told of each other."""

import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lab.stack.processes import HOST, Program, build_python_environment, find_free_ports
from lab.stack.record import ServiceCommand


class ServicePrograms:
    """Builds them, and knows the addresses of the API and of the pages.

    Args:
        state: the directory of the stack.
        given: the settings that the user has set.
        environment: those of all services, in use when a program is built.
    """

    def __init__(self, state: Path, given: Mapping[str, str], environment: dict[str, str]) -> None:
        self._state, self._given, self._environment = state, given, environment
        self.api = self.console = ""

    def choose_console_address(self) -> None:
        """Choose where the pages will be: messages link to the portal there."""
        port = self._given.get("CUIBAN_CONSOLE_PORT") or find_free_ports(1)[0]
        self.console = f"http://{HOST}:{port}/"
        if not self._given.get("CUIBAN_PORTAL_URL"):
            self._environment["CUIBAN_PORTAL_URL"] = f"http://{HOST}:{port}"

    def make_builder(
        self, service: ServiceCommand, number: int
    ) -> Callable[[], tuple[Program, str]]:
        """What builds a process of a service; the first one is number 1."""
        name = f"{service.name}-{number}"

        def build() -> tuple[Program, str]:
            metrics, http = find_free_ports(2)
            env = {**build_python_environment(), "CUIBAN_LOG_FORMAT": "json", **self._environment}
            env["CUIBAN_METRICS_PORT"] = str(metrics)
            address = f"http://{HOST}:{metrics}/metrics"
            if service.port:
                http = self._choose_port(service, number) or http
                env[service.port] = str(http)
                address = f"http://{HOST}:{http}/"
            if service.name == "ingest" and number == 1:
                self.api = address
            if service.name == "console":
                env["CUIBAN_API"] = self.api.rstrip("/")
            path = service.ready
            program = Program(
                name=name,
                argv=service.argv,
                log=self._state / "logs" / f"{name}.log",
                env=env,
                directory=self._state,  # faust creates a directory in its working directory
                ready=lambda: path is None or is_healthy(f"http://{HOST}:{metrics}{path}"),
            )
            return program, address

        return build

    def _choose_port(self, service: ServiceCommand, number: int) -> int:
        """The port that the first process of a service must have; 0 leaves the choice."""
        if number > 1:
            return 0
        if service.name == "console":
            return urlsplit(self.console).port or 0
        return int(self._given.get(service.port) or 0)


def is_healthy(url: str) -> bool:
    """Whether a GET is answered with 200 within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own http address
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (urllib.error.URLError, OSError):
        return False
