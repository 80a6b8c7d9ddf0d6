"""docs/gateways.schema.json, generated from the models: `python -m deploy.gateways_schema`.

An editor completes and checks a file of gateways by it. A test compares the file with what this
module gives.
"""

import json
from pathlib import Path

from services.notifier.gateways.file import build_schema

PLACE = Path(__file__).parent.parent / "docs" / "gateways.schema.json"


def render() -> str:
    """The file's text."""
    return json.dumps(build_schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
