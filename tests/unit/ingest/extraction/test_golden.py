"""A real county's table, read from its text, against the answer checked by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.ingest.extraction.plans.reading import read_plan

ROOT = Path(__file__).parents[4]
GOLDEN = json.loads((ROOT / "tests/golden/yanting-2023.json").read_text("utf-8"))
PLAN = read_plan("yanting-2023.txt", (ROOT / "examples/yanting-2023.txt").read_bytes()).model_dump(
    mode="json"
)


@pytest.mark.parametrize("field", ["title", "year", "issuer", "warnings"])
def test_the_frame_is_read_as_printed(field: str) -> None:
    assert PLAN[field] == GOLDEN[field]


@pytest.mark.parametrize("index", range(16))
@pytest.mark.parametrize("field", ["number", "category", "name", "responsible"])
def test_every_task_has_its_label_and_its_units(index: int, field: str) -> None:
    assert PLAN["tasks"][index][field] == GOLDEN["tasks"][index][field]


@pytest.mark.parametrize("field", ["text", "due", "continuous", "recurrence", "target", "review"])
def test_every_measure_is_read_field_by_field(field: str) -> None:
    def column(plan: dict[str, Any]) -> list[list[Any]]:
        return [[measure[field] for measure in task["measures"]] for task in plan["tasks"]]

    assert column(PLAN) == column(GOLDEN)


def test_nothing_else_is_said() -> None:
    assert PLAN == GOLDEN
