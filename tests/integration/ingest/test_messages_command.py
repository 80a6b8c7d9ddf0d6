"""`cuiban messages` and `cuiban dead-letters`: what a person types."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ingest.commands import Command, serve_command
from tests.integration.ingest.dead_letters import put_dead_letter
from tests.integration.ingest.messages import put_message

pytestmark = pytest.mark.integration


@pytest.fixture
async def cuiban(api: Any, monkeypatch: Any, capsys: Any) -> AsyncIterator[Command]:
    async with serve_command(api, monkeypatch, capsys) as command:
        yield command


async def test_messages_are_counted_shown_and_sent_again(
    api: Any, cuiban: Command, tmp_path: Path
) -> None:
    await api.import_units()
    unit = (await api.client.get("/v1/units")).json()["items"][0]
    message = await put_message(api, unit["unit_id"])
    await put_message(api, unit["unit_id"])
    counted = await cuiban("messages", "list", "--by-cause", "--json")
    assert [(row["cause"], row["messages"]) for row in counted.json] == [("rejected", 2)]
    filters = ("--unit", unit["name"], "--status", "failed", "--from", "2023-01-01")
    listed = await cuiban("messages", "list", *filters, "--json")
    assert {row["notification_id"] for row in listed.json} >= {message}
    shown = await cuiban("messages", "show", message)
    assert (shown.status, "请办理" in shown.out) == (0, True)
    one = await cuiban("messages", "resend", message, "--reason", "网关已恢复", "--json")
    assert (one.status, one.json[0]["action"]) == (0, "resend")
    preview = await cuiban("messages", "resend", *filters, "--preview", "--json")
    assert (preview.status, preview.json["messages"]) == (0, 2)
    nothing = await cuiban("messages", "cancel", *filters, "--preview")
    assert nothing.status == 1
    unconfirmed = await cuiban("messages", "resend", *filters, "--reason", "x")
    assert (unconfirmed.status, "2 messages" in unconfirmed.err) == (2, True)
    wrong = await cuiban("messages", "resend", *filters, "--reason", "x", "--expect", "3")
    assert wrong.status == 1
    done = await cuiban("messages", "resend", *filters, "--reason", "x", "--expect", "2", "--json")
    assert (done.status, done.json) == (0, {"requested": 2})
    moved = await cuiban(
        "messages", "readdress", message, "--to", "new@x.example", "--reason", "x", "--json"
    )
    assert moved.json[0]["new_address"] == "new@x.example"
    both = await cuiban("messages", "cancel", message, *filters, "--reason", "x")
    assert both.status == 2
    phones = await cuiban("messages", "phone-list")
    assert "Nobody has to be phoned" in phones.out
    file = tmp_path / "phones.xlsx"
    assert (await cuiban("messages", "phone-list", "--xlsx", str(file))).status == 0
    assert file.read_bytes().startswith(b"PK")


async def test_dead_letters_are_listed_replayed_and_discarded(api: Any, cuiban: Command) -> None:
    assert "no dead letters" in (await cuiban("dead-letters", "list")).out
    first, second = await put_dead_letter(api), await put_dead_letter(api)
    causes = (await cuiban("dead-letters", "list", "--by-cause", "--json")).json
    assert [(row["reason"], row["letters"]) for row in causes] == [("handler-failed", 2)]
    shown = await cuiban("dead-letters", "show", first)
    assert "obligation_ids" in shown.out
    assert (await cuiban("dead-letters", "replay", first, "--reason", "x")).status == 0
    again = await cuiban("dead-letters", "replay", first, "--reason", "x")
    assert again.status == 1
    assert (await cuiban("dead-letters", "discard", second, "--reason", "x")).status == 0
    assert (await cuiban("dead-letters", "list", "--json")).json == []
    every = (await cuiban("dead-letters", "list", "--all", "--json")).json
    assert {row["state"] for row in every} == {"replayed", "discarded"}
