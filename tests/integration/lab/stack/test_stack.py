"""A stack starts, is watched over, and ends without leaving anything, whatever was killed."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lab.stack.errors import LocalStackError
from lab.stack.record import RECORD, StackRecord
from lab.stack.stack import Stack
from tests.integration.lab.stack.stacks import SERVICE, left_over, quiet, service, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def stack(state: Path) -> Iterator[Stack]:
    made = Stack(state, commands=[service("alpha"), service("beta")], prepare=None, engines=False)
    yield made
    made.stop_all()
    assert left_over(made) == []


def up(stack: Stack, **counts: int) -> StackRecord:
    return stack.start_all(services=counts or {"alpha": 1}, extra_env={"GREETING": "hi"}, say=quiet)


def test_up_twice_gives_the_same_stack(stack: Stack) -> None:
    first = up(stack, alpha=1, beta=2)
    assert [part.name for part in first.parts] == ["alpha-1", "beta-1", "beta-2"]
    assert up(stack).parts == first.parts


def test_two_ups_at_once_start_one_stack(stack: Stack) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: up(stack), range(2))
    assert first == second
    assert len([row for row in stack.list_status() if row.state == "ready"]) == 2


def test_a_killed_service_is_started_again(stack: Stack) -> None:
    up(stack)
    killed = stack.kill("alpha")
    stack.wait_ready("alpha", after=killed)
    assert killed.find_process() is None
    assert stack.list_status()[1].restarts == 1
    assert "alpha-1: ended with code -9" in (stack.state / "logs/supervisor.log").read_text()


def test_a_part_stays_stopped_until_it_is_started(stack: Stack) -> None:
    up(stack)
    stack.stop("alpha")
    assert stack.list_status()[1].state == "stopped"
    stack.start("alpha")
    assert stack.list_status()[1].state == "ready"


def test_down_leaves_no_process_and_no_lock(stack: Stack) -> None:
    record = up(stack)
    stack.stop_all()
    assert record.supervisor.find_process() is None
    assert left_over(stack) == []
    assert sorted(path.name for path in stack.state.iterdir()) == [".cuiban-state", "logs"]
    stack.stop_all()


def test_a_tied_stack_ends_with_who_started_it_even_when_they_are_killed(stack: Stack) -> None:
    program = f"""
import sys
from pathlib import Path
from lab.stack.record import ServiceCommand
from lab.stack.stack import Stack
alpha = ServiceCommand(name="alpha", argv=(sys.executable, "-c", {SERVICE!r}))
stack = Stack(Path({str(stack.state)!r}), commands=[alpha], prepare=None, engines=False)
stack.start_all(services={{"alpha": 1}}, extra_env={{"GREETING": "hi"}}, tied=True)
print("up", flush=True)
sys.stdin.read()
"""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as owner:
        assert owner.stdout
        assert "up" in (line.strip() for line in owner.stdout)
        supervisor = stack.get_record().supervisor
        owner.kill()
    wait_until(lambda: supervisor.find_process() is None)
    assert left_over(stack) == []


def test_down_cleans_up_after_a_killed_supervisor(stack: Stack) -> None:
    up(stack)
    killed = stack.kill("supervisor")
    wait_until(lambda: killed.find_process() is None)
    assert {row.state for row in stack.list_status()} == {"gone", "left over"}
    stack.stop_all()
    assert left_over(stack) == []


def test_down_finds_processes_whose_record_is_lost(stack: Stack) -> None:
    up(stack)
    killed = stack.kill("supervisor")
    wait_until(lambda: killed.find_process() is None)
    (stack.state / RECORD).unlink()
    assert left_over(stack)
    stack.stop_all()
    assert left_over(stack) == []


def test_up_replaces_what_a_crash_left(stack: Stack) -> None:
    first = up(stack)
    killed = stack.kill("supervisor")
    wait_until(lambda: killed.find_process() is None)
    second = up(stack)
    old, new = first.parts[0].identity, second.parts[0].identity
    assert old is not None
    assert old != new
    assert old.find_process() is None


def test_a_stopped_supervisor_and_a_stopped_service_are_ended_too(stack: Stack) -> None:
    up(stack)
    stack.kill("alpha", signal.SIGSTOP)
    stack.kill("supervisor", signal.SIGSTOP)
    stack.stop_all()
    assert left_over(stack) == []


def test_a_process_that_was_given_a_recorded_id_is_spared(stack: Stack) -> None:
    up(stack)
    killed = stack.kill("supervisor")
    wait_until(lambda: killed.find_process() is None)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        path = stack.state / RECORD
        record = json.loads(path.read_text())
        record["supervisor_pid"] = record["parts"][0]["pid"] = stranger.pid
        path.write_text(json.dumps(record))
        stack.stop_all()
        assert psutil.Process(stranger.pid).is_running()
        stranger.communicate(b"\n")


def test_a_crash_of_up_leaves_nothing_that_down_cannot_end(stack: Stack) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from lab.stack.record import ServiceCommand\n"
        "from lab.stack.stack import Stack\n"
        "argv = (sys.executable, '-c', 'import time; time.sleep(600)')\n"
        "slow = ServiceCommand(name='slow', argv=argv)\n"
        "stack = Stack(Path(sys.argv[1]), commands=[slow], prepare=None, engines=False)\n"
        "stack.start_all(services={'slow': 1})\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(stack.state)], stdout=subprocess.DEVNULL
    )
    wait_until(lambda: any(row.name == "slow-1" and row.pid for row in stack.list_status()))
    child.kill()
    child.wait()
    stack.stop_all()
    assert left_over(stack) == []


def test_a_service_that_cannot_start_is_told_with_its_log(state: Path) -> None:
    broken = service("broken", "import sys; sys.exit('the reason')")
    stack = Stack(state, commands=[broken], prepare=None, engines=False)
    with pytest.raises(LocalStackError, match="the reason"):
        stack.start_all(services={"broken": 1}, say=quiet)
    assert left_over(stack) == []
    assert stack.list_status() == []


def test_a_preparation_that_fails_is_told_with_its_log(state: Path) -> None:
    prepare = (sys.executable, "-c", "import sys; sys.exit('no broker')")
    stack = Stack(state, commands=[service("alpha")], prepare=prepare, engines=False)
    with pytest.raises(LocalStackError, match="no broker"):
        stack.start_all(services={"alpha": 1}, say=quiet)
    assert left_over(stack) == []


def test_only_a_directory_that_cuiban_made_is_used_or_deleted(state: Path) -> None:
    (state / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalStackError, match="other files"):
        Stack(state, engines=False).start_all(say=quiet)
    with pytest.raises(LocalStackError, match="not deleted"):
        Stack(state).stop_all(purge=True)
    assert (state / "thesis.txt").exists()


def test_purge_deletes_the_state(state: Path) -> None:
    stack = Stack(state / "new", commands=[service("alpha")], prepare=None, engines=False)
    up(stack)
    stack.stop_all(purge=True)
    assert not stack.state.exists()
    assert list(state.iterdir()) == []


def test_the_engines_are_watched_over_too(state: Path) -> None:
    """Kafka, PostgreSQL and the sinks, with a service that needs the address of each."""
    needs = "CUIBAN_KAFKA CUIBAN_DATABASE_URL CUIBAN_SMTP_URL CUIBAN_SMS_URL CUIBAN_SMS_SECRET"
    body = f"import os\nassert all(os.environ[name] for name in {needs.split()!r})\n{SERVICE}"
    stack = Stack(state, commands=[service("alpha", body)], prepare=None)
    try:
        record = up(stack)
        assert [part.name for part in record.parts] == ["kafka", "postgres", "sinks", "alpha-1"]
        assert record.inbox.startswith("http://127.0.0.1:")
        killed = {name: stack.kill(name) for name in ("kafka", "postgres", "sinks")}
        for name, identity in killed.items():
            stack.wait_ready(name, after=identity)
        now = stack.get_record()
        assert now.environment == record.environment
        assert {row.state for row in stack.list_status()} == {"ready"}
    finally:
        stack.stop_all()
    assert left_over(stack) == []


def greeting(stack: Stack, name: str) -> str:
    part = stack.get_record().find_part(name)
    assert part is not None
    with urllib.request.urlopen(part.address, timeout=60) as answer:  # noqa: S310 - our own part
        return str(answer.read().decode())


def test_a_part_has_settings_of_its_own_and_gets_others_at_its_next_start(stack: Stack) -> None:
    own = {"alpha-2": {"GREETING": "ho"}}
    stack.start_all(services={"alpha": 2}, extra_env={"GREETING": "hi"}, parts=own, say=quiet)
    assert [greeting(stack, name) for name in ("alpha-1", "alpha-2")] == ["hi", "ho"]
    stack.restart("alpha-1", {"GREETING": "hey"})
    assert [greeting(stack, name) for name in ("alpha-1", "alpha-2")] == ["hey", "ho"]
    stack.restart("alpha-1", {})
    assert greeting(stack, "alpha-1") == "hi"


def test_three_brokers_lose_one_after_the_other_and_no_record(state: Path) -> None:
    stack = Stack(state, commands=[service("alpha")], prepare=None)
    try:
        record = stack.start_all(services={}, brokers=3, say=quiet)
        brokers = [part.name for part in record.parts if part.name.startswith("kafka")]
        assert brokers == ["kafka-1", "kafka-2", "kafka-3"]
        assert record.environment["CUIBAN_REPLICATION"] == "3"
        assert asyncio.run(sent_while_killed(stack, record, brokers)) == [b"1", b"2", b"3"]
    finally:
        stack.stop_all()


async def sent_while_killed(stack: Stack, record: StackRecord, brokers: list[str]) -> list[bytes]:
    """Kill each broker in turn and send a record meanwhile; what the topic holds at the end."""
    servers = record.environment["CUIBAN_KAFKA"].split(",")
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=3)])
    await admin.close()
    for number, name in enumerate(brokers, 1):
        killed = stack.kill(name)
        producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
        await producer.start()
        await asyncio.wait_for(producer.send_and_wait("kept", str(number).encode()), 120)
        await producer.stop()
        await asyncio.to_thread(stack.wait_ready, name, after=killed)
    reader = AIOKafkaConsumer("kept", bootstrap_servers=servers, auto_offset_reset="earliest")
    await reader.start()
    try:
        return [(await asyncio.wait_for(reader.getone(), 120)).value for _ in brokers]
    finally:
        await reader.stop()
