"""`cuiban proof verify` needs the file alone, and says what is wrong where."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.shared.proof.archives import make_archive

ARCHIVE = make_archive()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "proof.zip"
    path.write_bytes(ARCHIVE)
    return path


def test_a_whole_archive_is_accepted_and_its_limit_is_said(
    cuiban: Callable[..., Run], file: Path
) -> None:
    run = cuiban("proof", "verify", str(file))
    assert run.status == 0
    assert "盐亭县政务公开办, all units: 2023-06-01 to 2023-06-30" in run.out
    assert "4 entries are in order." in run.out
    assert "It cannot show that nobody wrote a whole other one" in run.out


def test_the_first_wrong_entry_is_named(cuiban: Callable[..., Run], file: Path) -> None:
    file.write_bytes(ARCHIVE.replace("乙".encode(), "己".encode()))
    run = cuiban("proof", "verify", str(file))
    assert run.status == 1
    assert "Entry 3 was altered" in run.out
    assert "It cannot show" not in run.out


def test_programs_get_the_place(cuiban: Callable[..., Run], file: Path) -> None:
    file.write_bytes(ARCHIVE + b"!")
    run = cuiban("proof", "verify", str(file), "--json")
    answer = json.loads(run.out)
    assert run.status == 1
    assert (answer["valid"], answer["entries"], answer["seal"]) == (False, 4, "")
    assert answer["flaw"] == {
        "kind": "end",
        "entry": None,
        "member": "",
        "byte": ARCHIVE.index(b"PK\1\2"),
    }


def test_a_noted_seal_tells_another_archive(cuiban: Callable[..., Run], file: Path) -> None:
    seal = json.loads(cuiban("proof", "verify", str(file), "--json").out)["seal"]
    assert cuiban("proof", "verify", str(file), "--expect", seal.upper()).status == 0
    file.write_bytes(make_archive(texts=("甲", "己", "丙")))
    run = cuiban("proof", "verify", str(file), "--expect", seal)
    assert run.status == 1
    assert "The noted seal is another one" in run.out


@pytest.mark.parametrize("rest", [["--expect", "12"], []])
def test_a_wrong_seal_or_no_file_is_wrong_use(
    cuiban: Callable[..., Run], tmp_path: Path, rest: list[str]
) -> None:
    assert cuiban("proof", "verify", str(tmp_path / "none.zip"), *rest).status == 2
