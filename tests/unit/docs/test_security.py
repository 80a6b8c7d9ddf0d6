"""The checklist of docs/security.md is complete, and each line that holds names what holds it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "security.md").read_text("utf-8")
STATES = {"holds", "partly", "not applicable", "open"}
_ROW = re.compile(r"^\| (\d[\d.–, ()a-z]*?) \| ([^|]+) \| ([^|]+) \|(.*)\|$", re.MULTILINE)
_NUMBER = re.compile(r"\d+\.\d+\.\d+")
# OWASP ASVS 5.0.0: how many lines of level 1 or 2 each section has. They are its first ones.
_LINES = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5,
    "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11,
    "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1,
    "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5,
    "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
_ALL = [
    (*map(int, section.split(".")), n + 1) for section, most in _LINES.items() for n in range(most)
]


def list_rows(text: str) -> list[tuple[str, str, str, str]]:
    """Number, words, state and proof of each line below "The checklist"."""
    found = _ROW.findall(text.partition("## The checklist")[2])
    return [(number, words, state.strip(), proof.strip()) for number, words, state, proof in found]


def list_numbers(row: str) -> Iterator[tuple[int, ...]]:
    """The lines that a number, or a first and a last one, stand for."""
    ends = [tuple(map(int, number.split("."))) for number in _NUMBER.findall(row)]
    yield from (number for number in _ALL if ends[0] <= number <= ends[-1])


def find_faults(text: str) -> list[str]:
    """What is wrong with the checklist."""
    rows = list_rows(text)
    faults = [
        f"{number}: {state} is no state" for number, _, state, _ in rows if state not in STATES
    ]
    for number, _, state, proof in rows:
        files = re.findall(r"`([^`]+)`", proof)
        faults += [f"{number}: no file {file}" for file in files if not (ROOT / file).is_file()]
        if state in {"holds", "partly"} and not files:
            faults.append(f"{number}: nothing holds it")
    covered = {each for number, *_ in rows for each in list_numbers(number)}
    return faults + [
        f"{'.'.join(map(str, each))} is missing" for each in _ALL if each not in covered
    ]


def test_the_checklist_is_complete_and_names_files_that_exist() -> None:
    assert len(_ALL) == 253
    assert find_faults(TEXT) == []


def test_what_is_open_or_partly_open_in_a_whole_stands_at_the_top() -> None:
    top = TEXT.partition("## What is open")[2].partition("## Keys")[0]
    for number, _, state, _ in list_rows(TEXT.partition("### Receipts")[0]):
        if state == "open":
            section = ".".join(number.split(".")[:2])
            assert number.split("–")[0] in top or re.search(rf"\b{section}\b", top), number


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("| 8.4.1 |", "| 8.4.9 |", "8.4.1 is missing"),
        (
            "`services/ingest/store/row_security.py`",
            "`services/nowhere.py`",
            "no file services/nowhere",
        ),
        (
            "| holds | `tests/integration/ingest/test_offices.py`",
            "| done | `README.md`",
            "no state",
        ),
    ],
)
def test_a_fault_is_found(old: str, new: str, fault: str) -> None:
    faults = find_faults(TEXT.replace(old, new))
    assert fault in " ".join(faults)
