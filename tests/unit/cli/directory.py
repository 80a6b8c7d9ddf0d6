"""Units of a directory, as the API shows them."""

from typing import Any


def make_unit(number: int, name: str, **facts: object) -> dict[str, Any]:
    """A unit without contacts; `facts` are what differs."""
    unit: dict[str, Any] = {
        "unit_id": f"00000000-0000-0000-0000-{number:012}",
        "name": name,
        "kind": "县级部门",
        "groups": [],
        "aliases": [],
        "contacts": [],
        "number": 1,
        "changed_at": "2023-06-01T00:00:00Z",
        "retired_at": None,
        "retired_why": None,
    }
    return unit | facts
