"""Replies by short message: recorded as the unit's own answer, or left to a person."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.ingest.handlers.acting import Act
from services.ingest.handlers.office.retention import forget_old_texts
from services.ingest.projection import project
from services.ingest.store import history
from shared.schemas.envelope import Envelope
from shared.schemas.events import ReminderDue
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, Channel, ReminderKind
from tests.integration.ingest.commands import serve_command
from tests.integration.ingest.conftest import NOW
from tests.integration.ingest.messages import make_notification
from tests.integration.ingest.replies import put_reply
from tests.integration.ingest.walking import HEAD
from tests.recorded_spans import keep_spans

pytestmark = pytest.mark.integration
MOBILE = "13800000001"
DIRECTORY = f"单位名称,联络员,联络员手机\n县财政局,张三,{MOBILE}\n县教体局,李四,13800000002\n"
ROWS = (
    "1\t目录\t编制并公布公开目录。\t县财政局\t2023年9月30日\n",
    "2\t预算\t公开预算。\t县财政局\t2023年10月31日\n",
    "3\t招生\t公开招生信息。\t县教体局\t2023年10月31日\n",
)


class Told:
    """An office whose first unit was told of obligations by short message."""

    def __init__(self, api: Any, items: list[dict[str, Any]], mobile: str) -> None:
        self.api, self.items, self.mobile = api, items, mobile
        self.unit_id = str(items[0]["unit_id"])

    async def tell(self, *items: dict[str, Any], **values: Any) -> None:
        """Let the number have been told of some obligations an hour ago."""
        named = [
            ReminderItem(
                obligation_id=UUID(item["obligation_id"]),
                ref=item["ref"],
                task_name=item["task_name"],
                text=item["text"],
                kind=ReminderKind.DEADLINE,
                due_on=NOW.date(),
            )
            for item in items
        ]
        unit_id, reminder_id, at = items[0]["unit_id"], uuid4(), NOW - timedelta(hours=1)
        due = ReminderDue(
            office_id=self.api.office_id,
            unit_id=UUID(unit_id),
            reminder_id=reminder_id,
            slot=at,
            audience=Audience.LIAISON,
            timezone="Asia/Shanghai",
            channels=(Channel.SMS,),
            rule_version=1,
            plan_title="要点",
            items=tuple(named),
        )
        sent = {"channel": "sms", "address": self.mobile, "gateway": "MAS", "sent_at": at}
        told = {"reminder_id": reminder_id, "slot": at}
        row = make_notification(self.api.office_id, unit_id, **(sent | told | values))
        async with self.api.engine.begin() as db:
            await project(db, [Envelope(uuid4(), "/test", NOW, uuid4(), due)])
            await history.put_notifications(db, [row])

    async def reply(self, text: str, **values: Any) -> dict[str, Any]:
        """Let a reply come; as the office sees it."""
        reply_id = await put_reply(self.api, text, values.pop("mobile", self.mobile), **values)
        return dict((await self.api.client.get(f"/v1/replies/{reply_id}")).json())

    async def get_status(self, item: dict[str, Any]) -> str:
        path = f"/v1/obligations/{item['obligation_id']}"
        return str((await self.api.client.get(path)).json()["status"])

    async def count(self) -> int:
        return int((await self.api.client.get("/v1/waiting")).json()["replies"])


@pytest.fixture
async def told(api: Any) -> Told:
    assert (await api.import_units(DIRECTORY)).is_success
    file = {"file": ("t.txt", (HEAD + "".join(ROWS)).encode())}
    plan = (await api.client.post("/v1/plans", files=file)).json()["plan_id"]
    published = await api.client.post(f"/v1/plans/{plan}/publish", json={})
    assert published.is_success, published.text
    rows = sorted(await api.list_ledger(), key=lambda row: str(row["ref"]))
    return Told(api, rows, MOBILE)


async def test_a_plain_reply_is_the_units_answer_in_the_journal(told: Told) -> None:
    item = told.items[0]
    await told.tell(item)
    reply = await told.reply("1")
    assert (reply["state"], reply["obligation_id"]) == ("applied", item["obligation_id"])
    assert await told.get_status(item) == "accepted"
    assert (await told.reply("2"))["state"] == "applied"
    assert await told.get_status(item) == "submitted"
    entries = (await told.api.client.get("/v1/journal")).json()["items"]
    by = {entry["action"]: entry["actor"] for entry in entries}
    assert by["obligation.accepted"] == by["obligation.submitted"] == reply["sender"]
    assert "联络员" in reply["sender"]
    assert by["reply.received"] == "gateway mas"
    assert await told.count() == 0


async def test_what_a_reply_reports_is_told_in_the_trace_of_its_push(told: Told) -> None:
    push = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await told.tell(told.items[0])
    with keep_spans() as tracer:
        await put_reply(told.api, "2", told.mobile, traceparent=push)
    published = [span for span in tracer.kept if span.name.startswith("publish ")]
    assert {f"{span.trace_id:032x}" for span in published} == {push.split("-")[1]}


async def test_a_repeated_push_changes_nothing(told: Told) -> None:
    await told.tell(told.items[0])
    first = await told.reply("1", reply_id="r1")
    version = (await told.api.client.get(f"/v1/obligations/{first['obligation_id']}")).json()
    assert await told.reply("1", reply_id="r1") == first
    assert len((await told.api.client.get("/v1/replies")).json()["items"]) == 1
    again = (await told.api.client.get(f"/v1/obligations/{first['obligation_id']}")).json()
    assert again["version"] == version["version"]
    assert (await told.reply("1", reply_id="r2"))["state"] == "repeated"


async def test_what_is_not_plain_waits_for_a_person(told: Told) -> None:
    await told.tell(told.items[0])
    doubts = [
        await told.reply("好的"),
        await told.reply("1", mobile="13999999999"),
        await told.reply("1", gateway="aliyun"),
    ]
    assert [each["doubt"] for each in doubts] == ["other-text", "unknown-number", "nothing-open"]
    assert {each["state"] for each in doubts} == {"waiting"}
    assert await told.get_status(told.items[0]) == "assigned"
    assert await told.count() == 3


async def test_several_open_obligations_are_not_guessed(told: Told) -> None:
    item, other = told.items[0], told.items[1]
    await told.tell(item)
    await told.tell(other)
    assert (await told.reply("2"))["doubt"] == "several-open"
    assert await told.get_status(item) == await told.get_status(other) == "assigned"


async def test_a_message_of_long_ago_or_about_another_unit_is_no_question(told: Told) -> None:
    await told.tell(told.items[0], sent_at=NOW - timedelta(days=8))
    assert (await told.reply("1"))["doubt"] == "nothing-open"
    foreign = next(row for row in told.items if row["unit_id"] != told.unit_id)
    await told.tell(foreign)
    assert (await told.reply("1"))["doubt"] == "other-unit"


async def test_a_number_of_two_posts_is_of_nobody(told: Told) -> None:
    await told.tell(told.items[0])
    person = {"post": "deputy", "name": "王五", "mobile": told.mobile}
    answer = await told.api.client.post(f"/v1/units/{told.unit_id}/contacts", json=person)
    assert answer.is_success, answer.text
    assert (await told.reply("1"))["doubt"] == "several-people"


async def test_what_is_refused_waits_with_the_reason(told: Told) -> None:
    item = told.items[0]
    await told.tell(item)
    path = f"/v1/obligations/{item['obligation_id']}"
    version = (await told.api.client.get(path)).json()["version"]
    assert (await told.api.client.post(f"{path}/submit", json={"version": version})).is_success
    returned = {"version": version + 1, "note": "补充"}
    assert (await told.api.client.post(f"{path}/return", json=returned)).is_success
    reply = await told.reply("1")
    assert (reply["state"], reply["doubt"]) == ("waiting", "refused")
    assert "签收" in reply["detail"]


async def test_a_person_settles_it_once(told: Told) -> None:
    reply = await told.reply("好的")
    path = f"/v1/replies/{reply['reply_id']}/settle"
    settled = (await told.api.client.post(path, json={"note": "已电话联系"})).json()
    assert (settled["state"], settled["decision"]) == ("settled", "已电话联系")
    assert (await told.api.client.post(path, json={"note": "又一次"})).status_code == 409
    assert await told.count() == 0
    waiting = (await told.api.client.get("/v1/replies", params={"state": "waiting"})).json()
    assert waiting["items"] == []


async def test_a_token_of_a_unit_sees_no_replies(told: Told) -> None:
    reply = await told.reply("1")
    unit = await told.api.open_as("read", "report", unit_id=told.unit_id)
    assert (await unit.get(f"/v1/replies/{reply['reply_id']}")).status_code == 403


async def test_the_command_lists_and_settles(told: Told, monkeypatch: Any, capsys: Any) -> None:
    reply = await told.reply("好的")
    async with serve_command(told.api, monkeypatch, capsys) as command:
        listed = await command("replies", "list", "--json")
        assert [each["reply_id"] for each in listed.json] == [reply["reply_id"]], listed.err
        assert "another text than agreed" in (await command("replies", "list")).out
        done = await command("replies", "settle", reply["reply_id"], "--reason", "已联系")
        assert (done.status, "dealt with" in done.out) == (0, True), done.err
        assert (await command("replies", "list", "--json")).json == []
        every = await command("replies", "list", "--all")
        assert "已联系" in every.out


async def test_texts_and_numbers_are_erased_as_the_office_says(told: Told) -> None:
    settled, waiting = await told.reply("好的"), await told.reply("收到")
    path = f"/v1/replies/{settled['reply_id']}/settle"
    assert (await told.api.client.post(path, json={"note": "已联系"})).is_success
    kept = {"version": 0, "retention_days": 30}
    assert (await told.api.client.put("/v1/office/settings", json=kept)).is_success
    act = Act(told.api.office_id, "nightly", NOW + timedelta(days=31), uuid4())
    async with told.api.engine.begin() as db:
        await forget_old_texts(db, act)
    rows = (await told.api.client.get("/v1/replies")).json()["items"]
    texts = {each["reply_id"]: (each["mobile"], each["text"]) for each in rows}
    assert texts == {settled["reply_id"]: ("", ""), waiting["reply_id"]: (MOBILE, "收到")}
