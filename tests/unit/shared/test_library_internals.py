"""A library whose inner parts are others than the program changes is refused at the start."""

import os
from pathlib import Path

import pytest
from aiokafka.consumer import fetcher
from faust.transport.drivers.aiokafka import Consumer as KafkaConsumer

from shared.errors import CuibanError
from shared.kafka.broker import header_names, library_internals
from shared.kafka.delivery import faust_agents as delivering
from shared.settings import Settings


def test_the_pinned_releases_have_every_part() -> None:
    header_names.check_aiokafka()
    delivering.check_faust()


@pytest.mark.parametrize(
    ("package", "check"),
    [("aiokafka", header_names.check_aiokafka), ("faust-streaming", delivering.check_faust)],
)
def test_another_release_is_refused(
    monkeypatch: pytest.MonkeyPatch, package: str, check: object
) -> None:
    monkeypatch.setattr(library_internals, "version", lambda _: "99.0")
    with pytest.raises(CuibanError, match=f"{package} 99.0") as raised:
        check()
    assert "requirements/base.txt" in raised.value.hint


def test_a_part_that_was_renamed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fetcher, "MemoryRecords")
    with pytest.raises(CuibanError, match="MemoryRecords"):
        header_names.check_aiokafka()


def test_a_part_that_takes_something_else_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KafkaConsumer, "_wait_next_records", lambda self: None)
    with pytest.raises(CuibanError, match="_wait_next_records"):
        delivering.check_faust()


async def test_a_service_makes_no_directories_where_it_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    app = delivering.create_faust_app(Settings(), "notifier")
    await app.on_first_start()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - pathlib is refused here
