"""What the three services write into their logs while they work."""

import json

import pytest

from services.ingest.api.endpoint_permissions import OPEN

pytestmark = pytest.mark.e2e


async def test_every_line_is_json_and_an_answered_request_says_whose_it_was(world) -> None:
    (name,) = world.enter_units(1)
    due = world.find_working_day(1)
    world.assign([name], due)
    await world.step_to(due)
    for service in ("ingest", "scheduler", "notifier"):
        text = (world.stack.state / "logs" / f"{service}-1.log").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        assert {line["service"] for line in lines} == {service}
        assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
        for line in lines:
            if line["event"] == "http.answered" and line["status"] < 400:
                wanted = {"correlation_id"} if is_open(line) else {"office_id", "correlation_id"}
                assert wanted <= line.keys()


def is_open(line: dict[str, object]) -> bool:
    """Whether a request was one that anybody may send, such as the console's health check."""
    return f"{line['method']} {line['path']}" in OPEN
