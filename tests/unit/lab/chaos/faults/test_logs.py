"""The end of a broker's log is cut off at whole batches, on each replica alike."""

import struct
from pathlib import Path

from lab.chaos.faults.logs import cut_tails


def batch(offset: int, size: int) -> bytes:
    return struct.pack(">qi", offset, size) + b"x" * size


def test_the_last_batches_of_each_partition_are_lost(tmp_path: Path) -> None:
    kept, lost = batch(0, 50) + batch(1, 20), [batch(n, 10 * n) for n in (2, 3, 4)]
    for broker in ("one", "two"):
        partition = tmp_path / broker / "tasks-0"
        partition.mkdir(parents=True)
        (partition / "00000000000000000000.log").write_bytes(kept + b"".join(lost))
        (tmp_path / broker / ".kafka_cleanshutdown").touch()
    number = cut_tails([tmp_path / "one", tmp_path / "two"], "tasks")
    assert number == sum(map(len, lost))
    for broker in ("one", "two"):
        log = tmp_path / broker / "tasks-0" / "00000000000000000000.log"
        assert log.read_bytes() == kept
        assert not (tmp_path / broker / ".kafka_cleanshutdown").exists()


def test_a_log_without_batches_loses_nothing(tmp_path: Path) -> None:
    partition = tmp_path / "tasks-1"
    partition.mkdir()
    (partition / "00000000000000000000.log").write_bytes(bytes(64))
    assert cut_tails([tmp_path], "tasks") == 0
