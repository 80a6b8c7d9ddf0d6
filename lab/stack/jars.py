"""The broker's jars: fetched once with jgo's resolver, kept in the user's cache, always verified.

`kafka-jars.sha256` beside this file lists every jar that the broker needs with its SHA-256, so
neither a repository nor a mirror decides what is run here.
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
FETCH_TIMEOUT = 60  # seconds without an answer, for one request

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pin:
    """One jar and the sum it must have."""

    sha256: str
    group: str
    artifact: str
    version: str

    @override
    def __str__(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def read_pins(path: Path = PINS) -> list[Pin]:
    """The pinned jars, one line each: `<sha256>  <group>:<artifact>:<version>`."""
    pins = []
    for line in path.read_text(encoding="utf-8").splitlines():
        sha256, coordinate = line.split()
        group, artifact, version = coordinate.split(":")
        pins.append(Pin(sha256, group, artifact, version))
    return pins


def cache_directory() -> Path:
    """Where jars are kept: CUIBAN_CACHE, else `cuiban` in the user's cache directory."""
    if named := os.environ.get("CUIBAN_CACHE"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cuiban"


def class_path(
    say: Callable[[str], None], *, cache: Path | None = None, pins: Path = PINS
) -> list[Path]:
    """Every jar of the broker, present and verified; what is missing is fetched first.

    A jar with another sum (a download that was cut off, a jar that someone changed) is thrown
    away and fetched once more. Safe when several processes do it at once.

    Raises:
        LocalStackError: a jar can't be fetched, or has another sum even when fetched anew.
    """
    directory = (cache or cache_directory()) / "jars"
    directory.mkdir(parents=True, exist_ok=True)
    wanted = read_pins(pins)
    with _locked(directory / ".lock"):
        maven = _repositories(directory)
        artifacts = {pin: _artifact(maven, pin) for pin in wanted}
        good = {pin for pin, artifact in artifacts.items() if _matches(pin, artifact.cached_path)}
        missing = [pin for pin in wanted if pin not in good]
        for number, pin in enumerate(missing, start=1):
            say(f"Kafka: fetching jar {number} of {len(missing)}: {pin}")
            _fetch(pin, artifacts[pin])
    return [_path(artifacts[pin]) for pin in wanted]


def _repositories(directory: Path) -> MavenContext:
    """Settings of jgo say where jars come from; only the place to keep them is ours."""
    settings = GlobalSettings.load()
    return MavenContext(
        resolver=PythonResolver(),
        repo_cache=directory,
        remote_repos={**DEFAULT_REMOTE_REPOS, **settings.repositories},
        timeout=FETCH_TIMEOUT,
    )


def _artifact(maven: MavenContext, pin: Pin) -> Artifact:
    artifact: Artifact = maven.project(pin.group, pin.artifact).at_version(pin.version).artifact()
    return artifact


def _path(artifact: Artifact) -> Path:
    path: Path | None = artifact.cached_path
    if path is None:  # jgo has none only without a cache directory, and we name one
        raise LocalStackError(f"{artifact} has no place in the cache.")
    return path


def _matches(pin: Pin, path: Path | None) -> bool:
    if path is None or not path.exists():
        return False
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == pin.sha256


def _fetch(pin: Pin, artifact: Artifact) -> None:
    path = _path(artifact)
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
    if not _matches(pin, path):
        path.unlink(missing_ok=True)
        raise LocalStackError(
            f"The jar {pin} came with another SHA-256 than the one pinned in {PINS.name}, "
            "so it was thrown away and Kafka was not started. If a mirror stands between, "
            "check what it serves."
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process at a time fetches; the lock ends with the process."""
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
