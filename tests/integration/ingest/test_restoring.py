"""A restored ledger: no change before it is accepted, and what then returns from the log."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.ingest.handlers.office.restoring import take_back
from shared.rules.defaults import make_default_rule_book
from shared.schemas.base_events import Event
from shared.schemas.envelope import Envelope
from shared.schemas.events import StatusReported, UnitUpserted
from shared.schemas.facts import Status
from shared.schemas.gateway_events import HoldRecorded
from shared.schemas.holds import RecordedHold
from shared.schemas.mutes import Mute
from shared.schemas.office import OfficeSettings
from shared.schemas.office_events import (
    CalendarPublished,
    MuteRecorded,
    OfficeSettingsPublished,
    RuleBookPublished,
    TemplatePublished,
)
from shared.schemas.templates import TemplateKind, TemplateParts
from tests.integration.ingest.conftest import NOW

pytestmark = pytest.mark.integration


async def accept(api: Any, events: Sequence[Event]) -> list[Any]:
    envelopes = [Envelope(uuid4(), "/cuiban/ingest", NOW, uuid4(), event) for event in events]
    async with api.engine.begin() as db:
        return await take_back(db, envelopes, "command line", "disk broke", NOW)


async def test_nothing_can_be_changed_before_a_restore_is_accepted(api: Any) -> None:
    async with api.engine.begin() as db:
        await db.execute(
            text(
                "INSERT INTO ingest.restores (topic, partition, first_offset, end_offset) "
                "VALUES ('t', 0, 1, 2)"
            )
        )
    answer = await api.client.post("/v1/holds", json={"reason": "x"})
    assert (answer.status_code, answer.json()["type"]) == (
        503,
        "urn:cuiban:problem:database-restored",
    )
    assert (await api.client.get("/v1/holds")).status_code == 200


async def test_what_is_told_whole_returns(api: Any) -> None:
    mute = Mute(
        mute_id=uuid4(),
        rule_id="deadline",
        since=NOW,
        until=NOW + timedelta(days=9),
        reason="交接",
        muted_at=NOW,
        muted_by="王敏",
    )
    hold = RecordedHold(hold_id=uuid4(), reason="签名", held_at=NOW, held_by="王敏")
    book = make_default_rule_book().model_copy(update={"version": 2, "near_working_days": 3})
    parts = TemplateParts(text="{{ unit }}")
    about = {"office_id": api.office_id}
    events: list[Event] = [
        RuleBookPublished(**about, book=book),
        CalendarPublished(**about, number=1, days={NOW.date(): False}),
        OfficeSettingsPublished(**about, number=1, settings=OfficeSettings(rate_limit=7)),
        TemplatePublished(
            **about, kind=TemplateKind.DIGEST_SMS, name="standard", number=1, parts=parts
        ),
        MuteRecorded(**about, number=1, mute=mute),
        HoldRecorded(**about, number=1, hold=hold),
    ]
    facts = await accept(api, events)
    assert all(fact.returns for fact in facts)
    get = api.client.get
    (newest, *_) = (await get("/v1/rule-books")).json()["items"]
    assert (newest["version"], newest["book"]["near_working_days"]) == (2, 3)
    assert (await get("/v1/calendars")).json()["items"][0]["days"] == {f"{NOW.date()}": False}
    assert (await get("/v1/office/settings")).json()["rate_limit"] == 7
    assert (await get("/v1/templates/digest-sms/standard")).json()["version"] == 1
    assert (await get("/v1/mutes")).json()["items"][0]["reason"] == "交接"
    assert (await get("/v1/office")).json()["held_since"] is not None
    released = hold.model_copy(update={"released_at": NOW})
    await accept(api, [*events, HoldRecorded(**about, number=2, hold=released)])
    assert (await get("/v1/office")).json()["held_since"] is None
    noted = await api.fetch_rows(
        "SELECT after FROM ingest.journal WHERE action = 'restore.accepted'"
    )
    assert noted[0].after["returned"]["MuteRecorded"] == 1


async def test_what_is_entered_again_gets_a_higher_number_than_was_told(api: Any) -> None:
    assert await api.publish_plan()
    row = (await api.list_ledger())[0]
    unit, obligation = UUID(row["unit_id"]), UUID(row["obligation_id"])
    about = {"office_id": api.office_id, "unit_id": unit}
    done = StatusReported(
        **about, obligation_id=obligation, status=Status.DONE, number=4, reported_by="王敏"
    )
    (fact, _) = await accept(api, [done, UnitUpserted(**about, number=9, name=row["unit"])])
    assert (fact.subject, fact.returns) == (obligation, False)
    path = f"/v1/obligations/{obligation}/status"
    assert (await api.client.post(path, json={"status": "done"})).is_success
    (stored,) = await api.fetch_rows(
        "SELECT o.number, u.number AS of_unit FROM ingest.obligations o "
        "JOIN ingest.units u USING (unit_id) WHERE o.obligation_id = :id",
        id=obligation,
    )
    assert (stored.number, stored.of_unit) == (5, 9)
