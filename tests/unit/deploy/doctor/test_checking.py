"""Checks run side by side; whatever happens in one of them is a finding."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from deploy.doctor.checking import (
    CheckState,
    Engine,
    Finding,
    HealthCheck,
    Report,
    run_checks,
)
from deploy.doctor.command import is_away, show_findings
from shared.errors import CuibanError, NotReadyError

FINE = Finding("kafka", "", CheckState.OK, "fine")
AWAY = Finding("kafka", "", CheckState.FAILED, "away", away=True)
SKIPPED = Finding("readiness", "", CheckState.SKIPPED, "none")


def failing(error: Exception) -> Callable[[], Awaitable[Report]]:
    async def work() -> Report:
        raise error

    return work


async def pass_check() -> Report:
    return [FINE]


async def test_findings_stand_in_the_order_of_the_checks() -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def wait_for_the_other() -> Report:
        first.set()
        await second.wait()
        return [FINE]

    async def let_the_other_go() -> Report:
        await first.wait()
        second.set()
        return [SKIPPED]

    checks = [
        HealthCheck("kafka", wait_for_the_other),
        HealthCheck("readiness", let_the_other_go),
    ]
    assert await run_checks(checks, timedelta(seconds=60)) == [FINE, SKIPPED]


async def test_a_check_that_crashes_has_failed_and_the_others_go_on() -> None:
    checks = [HealthCheck("disk", failing(KeyError("size"))), HealthCheck("kafka", pass_check)]
    crashed, passed = await run_checks(checks, timedelta(seconds=60))
    assert (crashed.check, crashed.state) == ("disk", CheckState.FAILED)
    assert "KeyError: 'size'" in crashed.saw
    assert passed == FINE


async def test_a_check_that_takes_too_long_has_failed() -> None:
    async def wait_for_ever() -> Report:
        await asyncio.Event().wait()
        return []

    (late,) = await run_checks([HealthCheck("kafka", wait_for_ever)], timedelta(milliseconds=1))
    assert late.state is CheckState.FAILED
    assert "--limit" in late.todo


@pytest.mark.parametrize(
    "error",
    [
        NotReadyError("gone"),
        ConnectionRefusedError("no"),
        TimeoutError("its own"),
        asyncpg.InvalidPasswordError("wrong"),
    ],
)
async def test_what_needs_an_engine_that_is_away_is_not_checked(error: Exception) -> None:
    check = HealthCheck("topics", failing(error), Engine.KAFKA)
    (finding,) = await run_checks([check], timedelta(seconds=60))
    assert (finding.state, finding.saw) == (
        CheckState.SKIPPED,
        "Kafka can't be asked: see its own line.",
    )


async def test_what_the_user_may_not_see_is_not_checked() -> None:
    check = HealthCheck("outbox", failing(asyncpg.InsufficientPrivilegeError("denied")))
    (finding,) = await run_checks([check], timedelta(seconds=60))
    assert finding.state is CheckState.SKIPPED
    assert "CUIBAN_DATABASE_URL" in finding.todo


async def test_an_error_that_says_what_to_do_is_passed_on() -> None:
    check = HealthCheck("gateways", failing(CuibanError("It is wrong.", "Correct it.")))
    (finding,) = await run_checks([check], timedelta(seconds=60))
    assert (finding.state, finding.saw, finding.todo) == (
        CheckState.FAILED,
        "It is wrong.",
        "Correct it.",
    )


@pytest.mark.parametrize(
    ("findings", "away"),
    [
        ([AWAY], True),
        ([AWAY, SKIPPED], True),
        ([AWAY, FINE], False),
        ([AWAY, Finding("disk", "", CheckState.OK, "free")], True),
        ([Finding("postgresql", "", CheckState.FAILED, "a standby")], False),
    ],
)
def test_nothing_runs_when_neither_an_engine_nor_a_process_answers(
    findings: list[Finding], away: bool
) -> None:
    assert is_away(findings) is away


def test_what_was_not_checked_for_one_reason_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    skipped = [
        Finding(check, "", CheckState.SKIPPED, "Kafka does not answer.")
        for check in ("topics", "replicas")
    ]
    show_findings([AWAY, *skipped, Finding("clock", "Kafka", CheckState.WARNING, "ahead", "NTP")])
    assert capsys.readouterr().out.splitlines() == [
        "failed  Kafka: away",
        "not checked  topics, replicas: Kafka does not answer.",
        "warning  clock Kafka: ahead",
        "    → NTP",
        "ok 0, warnings 1, failed 1, not checked 2",
    ]
