"""A short chaos run whose clock does not wait: a fact from before a slot is honoured by it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.chaos.faults.schedule import FaultKind

pytestmark = pytest.mark.chaos
SEED = 2023
KINDS = (
    FaultKind.SERVICE_AWAY,
    FaultKind.TOPIC_REMADE,
    FaultKind.HANDLER_BROKEN,
    FaultKind.ROW_BROKEN,
    FaultKind.GATEWAY_PROXY,
)


def test_facts_are_honoured_in_time_and_every_stop_is_seen(tmp_path: Path) -> None:
    into = tmp_path / "chaos.json"
    # The clock waits for nobody: with the real table a busy machine falls behind, and the longer
    # the run takes, the more is due in it. The bound catches a hang.
    command = ["chaos", "--clock", "running", "--light", "--bound", "120", "--seed", str(SEED)]
    command += ["--faults", str(len(KINDS))]
    only = [word for kind in KINDS for word in ("--only", kind.value)]
    done = subprocess.run(
        [sys.executable, "-m", "deploy.command", *command, *only, "--json", str(into)],
        capture_output=True,
        check=False,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5000:]
    found = json.loads(into.read_text())
    assert {kind for kind, number in found["faults"].items() if number} == {*map(str, KINDS)}
    assert found["delivered"] == found["due"] > 0
    assert found["facts"] > 0
    assert found["stops"]["seen"] == found["stops"]["wanted"] > 0
    for name in ("lost", "doubled", "unexpected", "late", "conservation_gaps"):
        assert found[name] == 0
