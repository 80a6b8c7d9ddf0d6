import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.stack.testing import Engines, run_engines


@pytest.fixture(scope="package")
def local_engines() -> Iterator[Engines]:
    with (
        tempfile.TemporaryDirectory(prefix="cuiban-") as state,
        run_engines(Path(state)) as running,
    ):
        yield running


@pytest.fixture
def state() -> Iterator[Path]:
    """A short path that accounts other than the caller's may pass."""
    with tempfile.TemporaryDirectory(prefix="cuiban-") as directory:
        yield Path(directory)
