"""docs/rules.schema.json, generated from the rule language: `python -m deploy.rules_schema`.

An editor completes and checks a book by it. A test compares the file with what this module gives.
"""

import json
from pathlib import Path

from shared.rules.schema import build_schema

PLACE = Path(__file__).parent.parent / "docs" / "rules.schema.json"


def render() -> str:
    """The file's text."""
    return json.dumps(build_schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
