"""`cuiban ops outbox` and `replay-outbox` on a real database, as an operator types them."""

import asyncio
import contextlib
import io
import json
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from deploy.command import run
from services.scheduler.store.tables import OUTBOX
from shared.database.engine import create_engine
from shared.kafka.outbox.publishing import publish
from shared.settings import Settings
from tests.integration.shared.consuming import make_envelope

pytestmark = pytest.mark.integration
TOPIC = "cuiban.tasks.v1"


@pytest.fixture
async def typed(
    make_settings: Callable[..., Awaitable[Settings]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Awaitable[tuple[int, str]]]:
    settings = await make_settings(Settings, "scheduler")
    monkeypatch.setenv("CUIBAN_DATABASE_URL", settings.database_url.get_secret_value())
    engine = create_engine(settings, "test")
    async with engine.begin() as db:
        await publish(db, OUTBOX, [make_envelope(number) for number in range(5)])
        sent = "sent_at = now(), sent_partition = 1, sent_offset = id - 1"
        await db.execute(text(f"UPDATE scheduler.outbox SET {sent} WHERE id <= 3"))  # noqa: S608
        await db.execute(text("UPDATE scheduler.outbox SET refused = 'too large' WHERE id = 4"))
        await db.execute(
            text(
                "INSERT INTO scheduler.relayed VALUES "
                "('cuiban.tasks.v1', 1, 2, 'log-lost-tail', 1, now())"
            )
        )
    await engine.dispose()

    async def type_(*words: str) -> tuple[int, str]:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = await asyncio.to_thread(run, ["--lang", "en", "ops", *words])
        return status, printed.getvalue()

    return type_


async def test_what_does_not_leave_is_listed(typed) -> None:
    status, said = await typed("outbox", "--json")
    assert status == 1
    found = json.loads(said)["scheduler"]
    assert found["unsent"] == 1
    assert [row["id"] for row in found["refused"]] == [4]
    assert found["stopped"][0]["lost_from"] == 1
    status, said = await typed("outbox")
    assert "replay-outbox scheduler" in said
    assert "too large" in said


async def test_all_that_waits_is_listed_with_its_command(typed) -> None:
    status, said = await typed("list", "--json")
    assert status == 1
    found = {each["kind"]: each for each in json.loads(said)}
    assert found.keys() == {"stopped-topic", "refused"}
    assert found["refused"]["command"] == "cuiban ops outbox retry scheduler --all"
    assert found["stopped-topic"]["of"] == f"scheduler {TOPIC}/1"
    assert "replay-outbox scheduler" in (await typed("list"))[1]


async def test_what_was_lost_is_sent_again_and_the_topic_goes_on(typed) -> None:
    assert (await typed("replay-outbox", "scheduler", "--reason", "disk"))[0] == 2
    status, said = await typed("replay-outbox", "scheduler", "--lost", "--reason", "disk")
    assert status == 0
    assert f"{TOPIC}: 2 events" in said
    status, _ = await typed("outbox", "retry", "scheduler", "4")
    assert status == 0
    status, said = await typed("outbox", "--json")
    assert status == 0
    assert json.loads(said)["scheduler"]["unsent"] == 4


async def test_wrong_use_is_told(typed) -> None:
    for words in (
        ("outbox", "retry", "scheduler"),
        ("outbox", "retry", "nobody", "1"),
        ("replay-outbox", "scheduler", "--since", "yesterday", "--reason", "x"),
        ("replay-outbox", "scheduler", "--lost", "--topic", "cuiban.rules.v1", "--reason", "x"),
    ):
        status, said = await typed(*words)
        assert status == 2, said
    status, _ = await typed("outbox", "retry", "scheduler", "3")
    assert status == 1
