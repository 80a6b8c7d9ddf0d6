"""What a check says of what it saw."""

from datetime import UTC, datetime, timedelta

import pytest

from deploy.doctor.checking import CheckState, Engine
from deploy.doctor.clocks import judge_offset, measure
from deploy.doctor.disks import is_here, judge_space
from deploy.doctor.kafka import describe_fault, describe_version, judge_replicas
from deploy.doctor.postgresql import (
    DatabaseServer,
    judge_connections,
    judge_server,
    judge_settings,
)
from deploy.doctor.readiness import judge_answer
from deploy.doctor.streams import judge_backlog
from shared.kafka.broker.cluster import ReplicaTrouble
from shared.kafka.broker.topic_settings import (
    TopicDescription,
    build_topic_settings,
    find_faults,
)
from shared.kafka.outbox.backlog import Backlog, RefusedRow, StoppedPartition
from shared.schemas.topics import TASKS
from shared.settings import Settings

OK, WARNING, FAILED = CheckState.OK, CheckState.WARNING, CheckState.FAILED
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
SOUND = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "data_checksums": "on",
    "synchronous_standby_names": "",
    "default_transaction_read_only": "off",
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [OK]),
        ({"fsync": "off"}, [FAILED]),
        ({"synchronous_commit": "off"}, [FAILED]),
        ({"full_page_writes": "off"}, [FAILED]),
        ({"synchronous_commit": "local"}, [OK]),
        ({"synchronous_commit": "local", "synchronous_standby_names": "a"}, [WARNING]),
        ({"default_transaction_read_only": "on"}, [FAILED]),
        ({"data_checksums": "off"}, [WARNING]),
        ({"fsync": "off", "data_checksums": "off"}, [FAILED, WARNING]),
    ],
)
def test_settings_that_lose_what_was_committed(
    changed: dict[str, str], expected: list[CheckState]
) -> None:
    findings = judge_settings({**SOUND, **changed})
    assert [each.state for each in findings] == expected
    assert all(each.todo for each in findings if each.state is not OK)


@pytest.mark.parametrize(
    ("server", "expected", "words"),
    [
        (DatabaseServer("18.1", 18, standby=False, encoding="UTF8"), OK, "18.1"),
        (DatabaseServer("15.4", 15, standby=False, encoding="UTF8"), OK, "15.4"),
        (DatabaseServer("14.9", 14, standby=False, encoding="UTF8"), FAILED, "14.9"),
        (DatabaseServer("18.1", 18, standby=True, encoding="UTF8"), FAILED, "standby"),
        (DatabaseServer("18.1", 18, standby=False, encoding="SQL_ASCII"), FAILED, "SQL_ASCII"),
    ],
)
def test_a_server(server: DatabaseServer, expected: CheckState, words: str) -> None:
    finding = judge_server(server, "db:5432")
    assert finding.state is expected
    assert words in finding.saw


@pytest.mark.parametrize(
    ("used", "expected"), [(10, OK), (79, OK), (80, WARNING), (94, WARNING), (95, FAILED)]
)
def test_connections(used: int, expected: CheckState) -> None:
    assert judge_connections(used, 100).state is expected


@pytest.mark.parametrize(
    ("reading", "ahead"),
    [(0.5, 0.0), (-3.0, 3.0), (4.0, -3.0)],
    ids=["between", "behind us", "ahead of us"],
)
def test_a_clock_is_compared_with_two_readings_of_ours(reading: float, ahead: float) -> None:
    measured = measure(NOW, NOW + timedelta(seconds=reading), NOW + timedelta(seconds=1))
    assert measured == timedelta(seconds=ahead)


@pytest.mark.parametrize(
    ("seconds", "stops", "expected"),
    [
        (2.4, True, OK),
        (-2.4, True, OK),
        (3.0, True, WARNING),
        (5.1, True, FAILED),
        (-5.1, True, FAILED),
        (5.1, False, WARNING),
    ],
)
def test_a_clock_that_differs(seconds: float, stops: bool, expected: CheckState) -> None:
    bound = timedelta(seconds=5)
    finding = judge_offset(Engine.KAFKA, timedelta(seconds=seconds), bound, stops=stops)
    assert finding.state is expected


@pytest.mark.parametrize(
    ("total", "free", "expected"),
    [
        (100, 15, OK),
        (100, 14, WARNING),
        (100, 4, FAILED),
        (2**43, 2**37, OK),
        (0, 0, FAILED),
    ],
)
def test_space(total: int, free: int, expected: CheckState) -> None:
    assert judge_space("disk", total, free).state is expected


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("db", False)]
)
def test_whether_a_host_is_this_machine(host: str, here: bool) -> None:
    assert is_here(host) is here


@pytest.mark.parametrize(
    ("troubles", "expected", "words"),
    [
        ([], OK, "(3)"),
        ([ReplicaTrouble("t", 0, leader=True, in_sync=2, replicas=3)], WARNING, "t/0 (2/3)"),
        ([ReplicaTrouble("t", 1, leader=True, in_sync=1, replicas=3)], FAILED, "t/1 (1/3)"),
        ([ReplicaTrouble("t", 2, leader=False, in_sync=2, replicas=3)], FAILED, "t/2"),
    ],
)
def test_replicas(troubles: list[ReplicaTrouble], expected: CheckState, words: str) -> None:
    finding = judge_replicas(troubles, in_sync=2, replication=3)
    assert finding.state is expected
    assert words in finding.saw


@pytest.mark.parametrize(
    ("level", "shown"), [(None, "?"), (21, "3.9 "), (14, "3.6 "), (27, "≥ 4.0 "), (5, "< 3.3 ")]
)
def test_a_cluster_is_named_by_its_release(level: int | None, shown: str) -> None:
    assert describe_version(level).startswith(shown)


@pytest.mark.parametrize("name", build_topic_settings(TASKS, Settings()))
def test_every_wrong_setting_of_a_topic_is_explained(name: str) -> None:
    wrong = {"cleanup.policy": "compact,delete", "unclean.leader.election.enable": "true"}
    values = {**build_topic_settings(TASKS, Settings()), name: wrong.get(name, "0")}
    faults = find_faults(TASKS, TopicDescription("t", 1, 1, values), Settings())
    (fault,) = [each for each in faults if each.required and each.required[0] == name]
    words = describe_fault(fault, 1)
    assert words.startswith(f"{name} is {values[name]}, not ")
    assert words.count(".") > name.count(".") + 1  # and why


def test_a_topic_with_few_replicas_is_explained() -> None:
    settings = Settings(replication=3, min_in_sync=1)
    kept = TopicDescription("t", 1, 1, build_topic_settings(TASKS, settings))
    (fault,) = find_faults(TASKS, kept, settings)
    assert describe_fault(fault, 3) == "It has fewer than 3 replicas."


STOPPED = StoppedPartition("cuiban.tasks.v1", 0, "log-lost-tail", 1, 2, NOW)
REFUSED = RefusedRow(1, "cuiban.tasks.v1", "", "", 9, NOW, "too large")


@pytest.mark.parametrize(
    ("backlog", "expected", "words"),
    [
        (Backlog(3, 10.0, (), ()), OK, "3 events"),
        (Backlog(3, 301.0, (), ()), FAILED, "301 s"),
        (Backlog(0, 0.0, (REFUSED,), ()), WARNING, "refused 1"),
        (Backlog(3, 301.0, (REFUSED,), (STOPPED,)), FAILED, "cuiban.tasks.v1"),
    ],
)
def test_an_outbox(backlog: Backlog, expected: CheckState, words: str) -> None:
    finding = judge_backlog("ingest", backlog)
    assert (finding.about, finding.state) == ("ingest", expected)
    assert words in finding.saw


@pytest.mark.parametrize(
    ("answered", "expected", "words"),
    [
        ({"status": "ready"}, OK, "ready"),
        ({"status": "ready", "warnings": {"parked": "2 events"}}, WARNING, "parked: 2 events"),
        ({"status": "not ready", "clock": "ahead"}, FAILED, "clock: ahead"),
        ({"status": "not ready", "clock": "a", "warnings": {"held": "b"}}, FAILED, "held: b"),
    ],
)
def test_a_health_port(answered: dict[str, object], expected: CheckState, words: str) -> None:
    finding = judge_answer("scheduler", answered)
    assert finding.state is expected
    assert words in finding.saw
