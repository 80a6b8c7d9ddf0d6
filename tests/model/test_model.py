"""The delivery protocol keeps its promise in every run of the model, and needs each rule."""

import sys

import pytest

from docs.model.__main__ import main
from docs.model.promise import ALWAYS, AT_THE_END
from docs.model.search import explore
from docs.model.state import WHOLE, Fault, ProtocolRule

FLOOR = 100_000
"""Fewer states would mean that the model has lost steps."""


def test_the_whole_protocol_keeps_the_promise():
    found = explore()
    sys.stdout.write(f"{found.states:,} states, {found.steps:,} steps, {found.ends:,} ends\n")
    assert found.broken is None, "\n".join(map(str, found.trace))
    assert found.states > FLOOR
    assert found.ends > 0
    assert set(found.faults) == set(Fault)


@pytest.mark.parametrize(
    ("rule", "fault", "telling", "broken"),
    [
        # Ordinary delay is enough: the slot fires while "done" is on its way.
        (ProtocolRule.WATERMARK, None, "fires slot 1", "What was done before the slot"),
        (ProtocolRule.IDENTITY, Fault.LOST_TAIL, "made anew", "No stop is silent"),
        (ProtocolRule.FENCE, Fault.DELAY, "scheduler decides to fire", "do not cross"),
        (ProtocolRule.WRITE_FIRST, Fault.CRASH, "the notifier dies", "Nothing is sent twice"),
        (
            ProtocolRule.NAMED,
            Fault.LOST_TAIL,
            "loses all from offset",
            "What was done before the slot",
        ),
    ],
)
def test_each_rule_is_needed(rule, fault, telling, broken):
    found = explore(WHOLE - {rule})
    assert found.broken
    assert broken in found.broken
    assert [step.fault for step in found.trace if step.fault] == ([fault] if fault else [])
    promises = {**ALWAYS, **AT_THE_END}
    assert not promises[found.broken](found.trace[-1].then)
    assert any(telling in str(step) and step.fault == fault for step in found.trace)


def test_the_command_tells_what_holds(capsys):
    assert main(["--faults", "0"]) == 0
    told = capsys.readouterr().out
    assert "crash" in told
    for sentence in (*ALWAYS, *AT_THE_END):
        assert f"holds:  {sentence}" in told


def test_the_command_tells_a_counterexample(capsys):
    assert main(["--without", "watermark"]) == 1
    told = capsys.readouterr().out
    assert "BROKEN: What was done before the slot" in told
    assert '  1. ingest commits "assigned" with outbox row 1 at 0' in told
