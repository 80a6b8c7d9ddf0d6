"""How a command finds the stack that runs on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cli
from deploy.places import NotRunningError, find_stack

CLI = Path(cli.__file__).parent


def write_record(state: Path, pid: int) -> None:
    record = {"supervisor_pid": pid, "api": "http://127.0.0.1:1/", "environment": {"A": "b"}}
    (state / "stack.json").write_text(json.dumps(record))


def test_a_running_stack_is_found_by_what_its_supervisor_wrote_down(tmp_path: Path) -> None:
    write_record(tmp_path, os.getpid())
    found = find_stack(tmp_path)
    assert found.api == "http://127.0.0.1:1/"
    assert found.environment == {"A": "b"}
    assert found.token_file == tmp_path / "token"


def test_without_a_record_nothing_runs(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="No stack runs") as raised:
        find_stack(tmp_path)
    assert "cuiban up" in raised.value.hint


def test_the_record_of_a_supervisor_that_has_ended_is_no_running_stack(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    write_record(tmp_path, ended.pid)
    with pytest.raises(NotRunningError, match="No stack runs"):
        find_stack(tmp_path)


def test_a_command_of_an_office_loads_no_database_library() -> None:
    """It is a client of the API; loading SQLAlchemy would double the time of its start.

    `audit` alone also counts in the database.
    """
    modules = {path.stem for path in CLI.glob("[a-z]*.py")} - {"audit"}
    names = ", ".join(f"cli.{module}" for module in modules)
    told = f"import sys, {names}; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
