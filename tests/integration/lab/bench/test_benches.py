"""Every bench runs, and says what it should. How fast is no matter of a test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.bench.catalogue import BENCHES, load_bench
from lab.bench.world.engines import BenchRun
from lab.stack.testing import Engines

pytestmark = pytest.mark.integration
KEYS = {"name", "rate", "unit", "ceiling", "ratio", "goal", "met", "size", "note", "machine"}


@pytest.mark.parametrize("name", BENCHES)
async def test_it_measures_something_in_a_quick_run(name: str, engines: Engines) -> None:
    figures = await load_bench(name)(
        BenchRun(quick=True, digests=100, say=print, shared_engines=engines)
    )
    assert figures
    assert all(figure.rate > 0 and figure.unit for figure in figures)
    assert all(figure.ceiling is None or figure.ceiling > 0 for figure in figures)


def test_the_command_writes_a_list_of_figures(tmp_path: Path) -> None:
    file, table = tmp_path / "figures.json", tmp_path / "figures.md"
    command = [sys.executable, "-m", "deploy.command", "bench", "--quick", "--only", "tick"]
    subprocess.run(  # noqa: S603 - ours
        [*command, "--json", str(file), "--markdown", str(table)], check=True, timeout=600
    )
    figures = json.loads(file.read_text("utf-8"))
    assert all(figure.keys() == KEYS for figure in figures)
    ticks = [figure for figure in figures if figure["name"] == "a tick with none due"]
    assert [figure["size"] for figure in ticks] == [30 * 46]
    assert ticks[-1]["goal"] == "< 2 ms"
    assert ticks[-1]["met"] in {True, False}
    assert table.read_text("utf-8").count("| a tick with none due") == 1
