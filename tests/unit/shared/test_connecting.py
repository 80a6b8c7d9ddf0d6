"""One function says how clients of the broker connect."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = ("shared", "services", "deploy", "cli", "lab", "tools")


def test_no_client_of_the_broker_is_made_without_it() -> None:
    named = [
        str(file.relative_to(ROOT))
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*.py")
        if "bootstrap_servers" in file.read_text("utf-8")
    ]
    assert named == ["shared/kafka/broker/connecting.py"]
