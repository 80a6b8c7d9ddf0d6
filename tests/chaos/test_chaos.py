"""A short chaos run, as anyone can repeat it: some of every class of faults, and nothing lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.chaos.faults.schedule import count_by_kind, draw_faults

pytestmark = pytest.mark.chaos
SEED, FAULTS = 2023, 12


def test_nothing_is_lost_and_nothing_is_doubled_whatever_dies(tmp_path: Path) -> None:
    into = tmp_path / "chaos.json"
    command = ["chaos", "--seed", str(SEED), "--faults", str(FAULTS), "--json", str(into)]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.command", *command],
        capture_output=True,
        check=False,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(into.read_text())
    assert found["faults"] == count_by_kind(draw_faults(SEED, FAULTS))
    assert found["delivered"] == found["due"] > 0
    assert found["dead_letters"] == found["poison"]
    for name in ("lost", "doubled", "unexpected", "conservation_gaps"):
        assert found[name] == 0
