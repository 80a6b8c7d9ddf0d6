"""The broker's jars: fetched once by jgo, kept in the user's cache, verified at each use.

`kafka-jars.sha256` beside this file lists every jar with its SHA-256. A jar from any repository or
mirror is used only when its checksum matches.
"""

import fcntl
import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.config import GlobalSettings
from jgo.maven import Artifact, MavenContext, PythonResolver
from jgo.maven._core import DEFAULT_REMOTE_REPOS
from typing_extensions import override

from lab.stack.errors import LocalStackError

PINS = Path(__file__).with_name("kafka-jars.sha256")
FETCH_TIMEOUT = 60  # seconds without an answer, per request

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pin:
    """A jar and its required SHA-256."""

    sha256: str
    group: str
    artifact: str
    version: str

    @override
    def __str__(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def read_pins(path: Path = PINS) -> list[Pin]:
    """Read the pinned jars, one per line: `<sha256>  <group>:<artifact>:<version>`."""
    pins = []
    for line in path.read_text(encoding="utf-8").splitlines():
        sha256, coordinate = line.split()
        group, artifact, version = coordinate.split(":")
        pins.append(Pin(sha256, group, artifact, version))
    return pins


def find_cache_directory() -> Path:
    """The directory for jars: CUIBAN_CACHE, else `cuiban` in the user's cache directory."""
    if configured := os.environ.get("CUIBAN_CACHE"):
        return Path(configured).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cuiban"


def fetch_class_path(
    say: Callable[[str], None], *, cache: Path | None = None, pins: Path = PINS
) -> list[Path]:
    """Return the path of every jar of the broker; fetch those that are missing.

    A jar whose checksum differs (a truncated download, a changed file) is deleted and fetched
    again. Several processes may call this at the same time.

    Raises:
        LocalStackError: a jar can't be fetched, or its checksum still differs after a new download.
    """
    directory = (cache or find_cache_directory()) / "jars"
    directory.mkdir(parents=True, exist_ok=True)
    pinned = read_pins(pins)
    with _hold_lock(directory / ".lock"):
        maven = _configure_maven(directory)
        artifacts = {pin: _get_artifact(maven, pin) for pin in pinned}
        good = {
            pin for pin, artifact in artifacts.items() if _has_pinned_sum(pin, artifact.cached_path)
        }
        missing = [pin for pin in pinned if pin not in good]
        for number, pin in enumerate(missing, start=1):
            say(f"Kafka: fetching jar {number} of {len(missing)}: {pin}")
            _fetch(pin, artifacts[pin])
    return [_get_path(artifacts[pin]) for pin in pinned]


def _configure_maven(directory: Path) -> MavenContext:
    """A Maven context with the repositories of jgo's settings and our cache directory."""
    settings = GlobalSettings.load()
    return MavenContext(
        resolver=PythonResolver(),
        repo_cache=directory,
        remote_repos={**DEFAULT_REMOTE_REPOS, **settings.repositories},
        timeout=FETCH_TIMEOUT,
    )


def _get_artifact(maven: MavenContext, pin: Pin) -> Artifact:
    artifact: Artifact = maven.project(pin.group, pin.artifact).at_version(pin.version).artifact()
    return artifact


def _get_path(artifact: Artifact) -> Path:
    path: Path | None = artifact.cached_path
    if path is None:  # jgo returns None only without a cache directory, which we always set
        raise LocalStackError(f"{artifact} has no place in the cache.")
    return path


def _has_pinned_sum(pin: Pin, path: Path | None) -> bool:
    if path is None or not path.exists():
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == pin.sha256


def _fetch(pin: Pin, artifact: Artifact) -> None:
    path = _get_path(artifact)
    if path.exists():
        logger.warning("jar.discarded: %s does not have its pinned SHA-256", path)
        path.unlink()
    try:
        artifact.resolve()
    except (requests.RequestException, RuntimeError, OSError) as error:
        path.unlink(missing_ok=True)
        raise LocalStackError(
            f"The jar {pin} of Apache Kafka could not be fetched: {error}\n"
            "Check the network, or name a repository in jgo's settings ([repositories]), "
            "or set CUIBAN_KAFKA=host:port to use a broker that runs elsewhere."
        ) from error
    if not _has_pinned_sum(pin, path):
        path.unlink(missing_ok=True)
        raise LocalStackError(
            f"The jar {pin} does not have the SHA-256 that is pinned in {PINS.name}. It was "
            "deleted and Kafka was not started. If you use a mirror of the Maven repository, "
            "check what it serves."
        )


@contextmanager
def _hold_lock(path: Path) -> Iterator[None]:
    """Let only one process fetch at a time; the lock is released when the process ends."""
    with path.open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield
