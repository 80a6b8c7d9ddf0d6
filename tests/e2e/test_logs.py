"""What the three services write into their logs while they work."""

import json

import pytest

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
                assert {"office_id", "correlation_id"} <= line.keys()
