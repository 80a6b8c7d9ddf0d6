import json
import logging

import pytest

from shared.logging import bound, configure, log


def test_json_lines_carry_the_service_and_the_bound_ids(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure("scheduler", "json")
        with bound(unit_id="u1"):
            log("test").info("timer.fired", items=3)
        line = json.loads(capsys.readouterr().err)
    finally:
        logging.getLogger().handlers[:] = before
    assert line["event"] == "timer.fired"
    assert (line["service"], line["unit_id"], line["items"]) == ("scheduler", "u1", 3)


def test_a_third_partys_flood_is_throttled_and_our_own_lines_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure("scheduler", "json")
        for _ in range(20):
            logging.getLogger("aiokafka.conn").warning("broker away")
            logging.getLogger("shared.kafka.outbox.publishing").warning("relay.interrupted")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        logging.getLogger().handlers[:] = before
    assert sum(line["logger"] == "aiokafka.conn" for line in lines) == 1
    assert sum(line["logger"] == "shared.kafka.outbox.publishing" for line in lines) == 20


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_does_not_show_the_values_of_variables(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = logging.getLogger().handlers[:]
    mobile, known = "1380000-1234", dict[int, str]()
    try:
        configure("notifier", log_format)
        try:
            known[len(mobile)].strip()
        except KeyError:
            log("test").exception("handler.failed")
        told = capsys.readouterr().err
    finally:
        logging.getLogger().handlers[:] = before
    assert "KeyError: 12" in told
    assert mobile not in told
