"""A proof of notice has what was owed, sent, answered and decided; nothing in it can be altered."""

import io
import json
import random
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pypdfium2
import pytest

from services.ingest.projection import project
from services.ingest.store.history import forget_texts
from shared.proof.manifest import COVER, ENTRIES
from shared.proof.verifying import Verification, verify_proof
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue
from shared.schemas.gateway_events import (
    AttemptMade,
    NotificationSent,
    NotificationUndelivered,
)
from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.test_streams import SLOT, deliveries

pytestmark = pytest.mark.integration
PATH = "/v1/proof.zip"
SPAN = {"from": "2023-01-01", "to": "2023-12-31"}


async def tell_unit(api: Any, item: dict[str, Any], at_once: int) -> None:
    """The unit of an obligation was reminded of it; its first mail took two calls and a receipt."""
    due, _, fanned, sent, got, failed, _ = deliveries(api.office_id, UUID(item["unit_id"]))
    assert isinstance(due, ReminderDue)
    assert isinstance(sent, NotificationSent)
    reminded = due.items[0].model_copy(update={"obligation_id": UUID(item["obligation_id"])})
    due = due.model_copy(update={"items": (reminded,)})
    busy = AttemptMade(number=1, gateway="smtp", started_at=SLOT, outcome="busy", detail="421")
    accepted = AttemptMade(number=2, gateway="smtp", started_at=SLOT, outcome="accepted")
    update = {"made": (busy, accepted), "attempts": 2, "gateway_message_id": "<1@b.example>"}
    late = NotificationUndelivered(
        **{
            name: getattr(sent, name)
            for name in NotificationUndelivered.model_fields.keys() & NotificationSent.model_fields
        },
        reported_at=SLOT + timedelta(seconds=30),
        detail="mailbox full",
    )
    events = (due, fanned, sent.model_copy(update=update), late, got, failed)
    envelopes = [Envelope(uuid4(), "/test", SLOT, uuid4(), event) for event in events]
    for start in range(0, len(envelopes), at_once):
        async with api.engine.begin() as db:
            await project(db, envelopes[start : start + at_once])


async def take_item(api: Any, at_once: int = 100) -> dict[str, Any]:
    """An obligation of which its unit was told, and which the unit accepted."""
    await api.publish_plan()
    item: dict[str, Any] = next(row for row in await api.list_ledger() if row["kind"] == "deadline")
    await tell_unit(api, item, at_once)
    path = f"/v1/obligations/{item['obligation_id']}/accept"
    assert (await api.client.post(path, json={"version": 1})).is_success
    return item


async def export(api: Any, **query: str) -> bytes:
    answer = await api.client.get(PATH, params=SPAN | query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    content: bytes = answer.content
    return content


def verify(archive: bytes) -> Verification:
    return verify_proof(io.BytesIO(archive))


def list_entries(archive: bytes) -> list[dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return [json.loads(line) for line in opened.read(ENTRIES).splitlines()]


@pytest.mark.parametrize("at_once", [1, 100])
async def test_a_proof_of_an_obligation_is_its_whole_story(api: Any, at_once: int) -> None:
    item = await take_item(api, at_once)
    archive = await export(api, obligation_id=item["obligation_id"])
    assert verify(archive).flaw is None
    entries = list_entries(archive)
    kinds = [entry["kind"] for entry in entries]
    assert kinds[:4] == ["export", "unit", "obligation", "reminder"]
    assert kinds.count("message") == 4
    facts = [entry["facts"] for entry in entries]
    obligation = facts[2]
    assert obligation["obligation_id"] == item["obligation_id"]
    assert [state["status"] for state in obligation["states"]][-1] == "accepted"
    sent = next(each for each in facts if each.get("state") == "delivered" and "body" in each)
    at = facts.index(sent)
    assert (sent["address"], sent["body"]) == ("a@b.example", "请于12月31日前办结")
    assert (sent["gateway"], sent["gateway_message_id"]) == ("smtp", "<1@b.example>")
    assert kinds[at + 1 : at + 5] == ["attempt", "attempt", "receipt", "receipt"]
    outcomes = [(each["outcome"], each["detail"]) for each in facts[at + 1 : at + 3]]
    assert outcomes == [("busy", "421"), ("accepted", "")]
    assert [each["state"] for each in facts[at + 3 : at + 5]] == ["failed", "delivered"]
    assert facts[at + 3]["detail"] == "mailbox full"
    assert (kinds[-1], facts[-1]["action"]) == ("change", "obligation.accepted")


async def test_the_journal_has_what_stands_for_the_archive(
    api: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    item = await take_item(api)
    file = tmp_path / "proof.zip"
    whole = ("--from", "2023-01-01", "--to", "2023-12-31", "--algorithm", "sm3", "--json")
    async with serve_command(api, monkeypatch, capsys) as cuiban:
        exported = await cuiban("proof", "export", "--unit", item["unit"], *whole, str(file))
        assert exported.status == 0, exported.err
        compared = await cuiban("proof", "verify", str(file), "--journal", "--json")
        assert compared.status == 0
        assert compared.json["journal"]["same"]
        other = await cuiban("proof", "export", "--unit", item["unit"], *whole, str(file))
        assert other.json["seal"] != exported.json["seal"]
        file.write_bytes(file.read_bytes().replace(b"a@b.example", b"a@c.example"))
        altered = await cuiban("proof", "verify", str(file), "--journal")
        assert altered.status == 1
    subject = exported.json["request"]["proof_id"]
    query = {"action": "proof.exported", "subject": subject}
    (entry,) = (await api.client.get("/v1/journal", params=query)).json()["items"]
    names = ("seal", "head", "entries")
    assert [entry["after"][name] for name in names] == [exported.json[name] for name in names]
    assert entry["after"]["algorithm"] == "sm3"


async def test_any_altered_byte_of_a_real_archive_is_refused(api: Any) -> None:
    item = await take_item(api)
    archive = await export(api, unit_id=item["unit_id"])
    draw = random.Random(2023)  # noqa: S311 - places to alter
    for place in (draw.randrange(len(archive)) for _ in range(40)):
        altered = bytearray(archive)
        altered[place] ^= 1 << draw.randrange(8)
        assert verify(bytes(altered)).flaw is not None, place


async def test_the_cover_says_what_is_in_it(api: Any) -> None:
    item = await take_item(api)
    archive = await export(api, unit_id=item["unit_id"])
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        document = pypdfium2.PdfDocument(opened.read(COVER))
    text = "".join(page.get_textpage().get_text_range() for page in document)
    named = ("送达证明", "盐亭县政务公开办", item["unit"], "已送达", "2023-06-01 09:00:00")
    for expected in (*named, "SHA-256"):
        assert expected in text
    assert verify(archive).head.hex() in text.replace("\r\n", "")


async def test_a_period_and_a_unit_choose_what_is_in_it(api: Any) -> None:
    item = await take_item(api)
    before = list_entries(await export(api, to="2023-01-31"))
    assert {entry["kind"] for entry in before} == {"export", "unit"}
    units = {row["unit_id"] for row in await api.list_ledger()}
    everything = list_entries(await export(api))
    named = {entry["facts"]["unit_id"] for entry in everything if entry["kind"] == "unit"}
    assert named == units
    other = next(iter(units - {item["unit_id"]}))
    assert "message" not in {
        entry["kind"] for entry in list_entries(await export(api, unit_id=other))
    }


async def test_an_erased_text_is_recognised_in_an_archive_from_before(api: Any) -> None:
    item = await take_item(api)
    one = {"obligation_id": item["obligation_id"]}
    before = list_entries(await export(api, **one))
    async with api.engine.begin() as db:
        assert await forget_texts(db, api.office_id, SLOT + timedelta(days=1))
    after = list_entries(await export(api, **one))
    texts = [
        {
            entry["facts"]["notification_id"]: entry["facts"]
            for entry in entries
            if entry["kind"] == "message"
        }
        for entries in (before, after)
    ]
    erased = [name for name, facts in texts[1].items() if facts["text_erased"]]
    assert len(erased) == 1
    for name in erased:
        assert texts[0][name]["body"]
        assert texts[1][name]["body"] == texts[1][name]["address"] == ""
        assert texts[1][name]["text_sha256"] == texts[0][name]["text_sha256"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"unit_id": str(UUID(int=1))}, 404),
        ({"obligation_id": str(UUID(int=1))}, 404),
        ({"from": "2023-12-31", "to": "2023-01-01"}, 422),
        ({"algorithm": "md5"}, 422),
    ],
)
async def test_what_is_not_there_has_no_proof(api: Any, query: dict[str, str], status: int) -> None:
    assert (await api.client.get(PATH, params=query)).status_code == status
    noted = await api.client.get("/v1/journal", params={"action": "proof.exported"})
    assert noted.json()["items"] == []
