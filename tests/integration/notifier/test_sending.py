"""From a reminder to a mail and a short message, whatever the gateways do."""

import asyncio
import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from aiohttp import web

from services.notifier.dispatch.channels import make_lanes
from services.notifier.dispatch.recording import Result, record
from services.notifier.domain.message import MessageAccepted
from services.notifier.domain.retry import WhenUnknown
from shared.clock import monotonic
from shared.schemas.gateway_events import AttemptMade, NotificationFailed, NotificationSent
from tests.integration.notifier.world import (
    IMPATIENT,
    SECRET,
    SLOT,
    World,
    make_item,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
SENT = {"email": "sent", "sms": "sent"}


async def sent(world: World) -> bool:
    return await world.get_states() == SENT


async def test_a_reminder_reaches_its_contact_by_mail_and_short_message(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start()
    await wait_until(lambda: sent(world))
    mail = world.mail.mails[0]
    text, html = mail.get_payload()
    assert mail["To"] == "jtj@jtj.example"
    assert world.mail.subjects == [
        "【工作提醒】县教体局：1项任务待办，最近12月31日到期（还有3个工作日）"
    ]
    assert "任务2.1" in text.get_payload(decode=True).decode()
    assert "<table" in html.get_payload(decode=True).decode()
    headers, post = world.sms.posts[0]
    assert post["data"]["to"] == "13800000000"
    assert post["data"]["text"].startswith("【盐亭政务公开】县教体局：1项任务待办")
    assert headers["webhook-id"] == post["data"]["notification_id"]
    assert len(world.mail.mails) == len(world.sms.posts) == 1


async def test_however_long_the_pause_what_this_process_commits_is_sent_at_once(
    world: World,
) -> None:
    world.start(poll=timedelta(hours=1))
    for number, name in enumerate(("县教体局", "县财政局"), 1):  # the first look may see the first
        await world.tell(make_unit(name, number), make_reminder(name))
        await wait_until(lambda: len(world.mail.mails) == len(world.sms.posts) == number)  # noqa: B023


async def test_the_short_message_is_signed_over_its_bytes(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    await wait_until(lambda: world.sms.posts)
    headers, _ = world.sms.posts[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode()
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    wanted = hmac.new(key, signed + world.sms.bodies[0], hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(wanted).decode()}"


async def test_what_was_sent_is_told_with_the_text_as_proof(world: World) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start()
    await wait_until(lambda: sent(world))
    told = {e.channel: e for e in await world.list_events("NotificationSent")}
    assert isinstance(told["email"], NotificationSent)
    assert told["email"].body.startswith("县教体局联络员：")
    assert told["email"].gateway_message_id == world.mail.ids[0]
    assert told["sms"].body == world.sms.posts[0][1]["data"]["text"]
    assert told["sms"].gateway_message_id == "m1"
    assert told["sms"].sent_at == SLOT
    kept = await world.fetch_rows("SELECT body_html, body_text FROM notifier.notifications")
    assert any("<table" in row.body_html for row in kept)


async def test_a_mail_server_that_comes_back_gets_what_waited_once(world: World) -> None:
    await world.mail.stop()
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(
        lambda: world.fetch_rows("SELECT 1 FROM notifier.attempts WHERE outcome = 'unreachable'")
    )
    await world.mail.start()
    await wait_until(lambda: world.mail.mails)
    await wait_until(lambda: world.list_events("NotificationSent"))
    rows = await world.fetch_rows("SELECT state, failures FROM notifier.notifications")
    assert (rows[0].state, rows[0].failures) == ("sent", 0)
    assert len(world.mail.mails) == 1


async def test_a_permanent_refusal_fails_with_its_reason(world: World) -> None:
    world.mail.refused_recipients.add("jtj@jtj.example")
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    (event,) = await wait_until(lambda: world.list_events("NotificationFailed"))
    assert isinstance(event, NotificationFailed)
    assert (event.reason, event.attempts) == ("bad-address", 1)
    assert event.detail == "SMTP 550 5.1.1 no such user"
    assert [(each.outcome, each.detail) for each in event.made] == [("bad-address", event.detail)]


async def test_a_transient_refusal_is_tried_again_under_the_same_id(world: World) -> None:
    world.mail.answers += ["451 try later", "452 still full"]
    world.sms.answers += [web.Response(status=503), web.json_response({"code": 7})]
    await world.tell(make_unit(), make_reminder())
    world.start()
    await wait_until(lambda: sent(world))
    rows = await world.fetch_rows(
        "SELECT a.* FROM notifier.attempts a "
        "JOIN notifier.notifications USING (notification_id) ORDER BY channel, number"
    )
    assert [row.outcome for row in rows] == [
        *("busy", "busy", "accepted"),
        *("busy", "answered-failure", "accepted"),
    ]
    events = [e for e in await world.list_events() if isinstance(e, NotificationSent)]
    events.sort(key=lambda event: event.channel)
    made = [each.model_dump() for event in events for each in event.made]
    assert made == [{name: getattr(row, name) for name in AttemptMade.model_fields} for row in rows]
    assert world.mail.connections == 1  # a refusal does not cost the connection


async def test_when_the_delays_are_used_up_it_has_failed(world: World) -> None:
    world.sms.answers += [web.Response(status=503) for _ in range(4)]
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start()
    (event,) = await wait_until(lambda: world.list_events("NotificationFailed"))
    assert (event.reason, event.attempts) == ("exhausted", 4)
    assert event.detail == "busy: HTTP 503"


async def test_a_connection_lost_after_data_is_offered_again_under_the_same_id(
    world: World,
) -> None:
    world.mail.drops = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: sent_mail(world))
    assert len(world.mail.ids) == 2
    assert len(set(world.mail.ids)) == 1
    rows = await world.fetch_rows("SELECT outcome FROM notifier.attempts ORDER BY number")
    assert [row.outcome for row in rows] == ["unknown", "accepted"]


async def sent_mail(world: World) -> bool:
    return (await world.get_states()).get("email") == "sent"


async def test_a_post_without_an_answer_in_time_is_offered_again_under_the_same_id(
    world: World,
) -> None:
    world.sms.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start(**IMPATIENT)
    await wait_until(lambda: len(world.sms.posts) >= 2)
    world.sms.hang.set()
    names = {headers["webhook-id"] for headers, _ in world.sms.posts}
    assert len(names) == 1
    await wait_until(lambda: world.list_events("NotificationSent"))


async def test_an_unknown_outcome_can_be_held_for_a_person(world: World) -> None:
    world.sms.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("sms",)))
    world.start(sms_unknown=WhenUnknown.HOLD, **IMPATIENT)
    held = "SELECT reason FROM notifier.notifications WHERE state = 'held'"
    (row,) = await wait_until(lambda: world.fetch_rows(held))
    assert row.reason == "unknown-outcome"
    assert len(world.sms.posts) == 1


async def test_an_outcome_that_comes_after_its_lease_is_fenced(world: World) -> None:
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    lane = make_lanes(world.settings, world.engine, world.clock)[0]
    rules = lane.rules
    first = await world.claim(rules, SLOT)
    await world.expire_leases()
    second = await world.claim(rules, SLOT)
    assert (first[0].number, second[0].number) == (1, 2)
    assert first[0].message == second[0].message
    for offers, states in ((first, ["sending"]), (second, ["sent"])):
        result = Result(offers[0], MessageAccepted("x"), monotonic())
        async with world.engine.begin() as db:
            await record(db, rules.gateways[0], [result], now=SLOT)
        assert list((await world.get_states()).values()) == states
    assert len(await world.list_events("NotificationSent")) == 1


async def test_stopping_finishes_what_is_in_flight_and_commits_it(world: World) -> None:
    world.mail.hangs = 1
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: world.mail.mails)
    stopping = asyncio.create_task(world.stop())
    world.mail.hang.set()
    await stopping
    assert await world.get_states() == {"email": "sent"}
    assert len(await world.list_events("NotificationSent")) == 1


async def test_a_lane_survives_a_database_that_fails(world: World) -> None:
    await world.tell(make_unit())
    world.start()
    await world.fetch_rows(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "  # returns once they ended
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await world.tell(make_reminder())
    await wait_until(lambda: sent(world))
    assert len(world.mail.mails) == len(world.sms.posts) == 1


async def test_many_notifications_go_out_exactly_once_each(world: World) -> None:
    names = [f"第{n}中学" for n in range(60)]
    await world.tell(*[make_unit(name) for name in names])
    await world.tell(
        *[make_reminder(name, items=(make_item("2.1"), make_item("16.1"))) for name in names]
    )
    world.start()
    world.start()  # two processes' worth of lanes on one database
    await wait_until(lambda: len(world.mail.mails) >= 60 and len(world.sms.posts) >= 60)
    await wait_until(lambda: all_sent(world, 120))
    assert len(set(world.mail.ids)) == len(world.mail.ids) == 60
    assert len({headers["webhook-id"] for headers, _ in world.sms.posts}) == 60
    assert len(world.sms.posts) == 60


async def all_sent(world: World, number: int) -> bool:
    rows = await world.fetch_rows(
        "SELECT count(*) AS n FROM notifier.notifications WHERE state='sent'"
    )
    return rows[0].n == number


async def test_an_answer_that_no_table_can_hold_does_not_hold_up_the_lane(world: World) -> None:
    world.sms.answers = [
        web.Response(text='{"code": 0, "message_id": "\\u0000\\ud800m1"}'),
        web.Response(text='{"code": "\\u0000\\ud800"}'),
    ]
    await world.tell(
        make_unit(), make_reminder(channels=("sms",)), make_reminder("县卫健局", channels=("sms",))
    )
    await world.tell(make_unit("县卫健局"))
    world.start()
    rows = "SELECT 1 FROM notifier.notifications WHERE state <> 'sent'"

    async def done() -> bool:
        return not await world.fetch_rows(rows)

    await wait_until(done)
    assert len(world.sms.posts) == 1  # the second answer was a failure, and it was offered again
