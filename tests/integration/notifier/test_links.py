"""A mail has one link of its own, a short message a code; what is stored has neither."""

import base64
import re
from datetime import UTC, timedelta
from email.message import Message as Mail
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from services.notifier.app import make_link_mails
from services.notifier.dispatch.link_mails import LinkMails
from shared.links import CodeSubject, LinkKeys, hash_address, hide_secrets
from shared.schemas.events import LinkRequested
from shared.schemas.gateway_events import NotificationSent
from tests.integration.notifier.world import (
    OFFICE,
    SLOT,
    World,
    get_unit_id,
    make_contact,
    make_reminder,
    make_unit,
    wait_until,
)

pytestmark = pytest.mark.integration
KEY = f"k:{base64.urlsafe_b64encode(b'1' * 32).decode()}"
KEYS = LinkKeys.parse(KEY)
PORTAL = "https://portal.example/gk"
SET = {"link_keys": SecretStr(KEY), "portal_url": PORTAL}
LINK = re.compile(r"https://portal\.example/gk/u/([\w.-]+)")
UNIT = get_unit_id()
CONTACT = make_contact(UNIT).contact_id


def read_parts(mail: Mail) -> list[str]:
    """The text and the HTML of a mail."""
    parts = mail.get_payload()
    assert isinstance(parts, list)
    return [part.get_payload(decode=True).decode() for part in parts]  # type: ignore[union-attr]


async def find_secrets(world: World, *secrets: str) -> list[str]:
    """The tables and events in which a secret stands."""
    found = []
    for table in ("notifications", "attempts", "outbox", "link_requests", "reminders"):
        query = f"SELECT CAST(t AS text) FROM notifier.{table} AS t"  # noqa: S608 - our own words
        for row in await world.fetch_rows(query):
            found += [table for secret in secrets if secret in row[0]]
    return found


async def test_a_mail_has_one_link_and_a_short_message_a_code(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(**SET)
    await wait_until(lambda: world.mail.mails and world.sms.posts)
    text, html = read_parts(world.mail.mails[0])
    (token,) = LINK.findall(text)
    assert LINK.findall(html) == [token]
    assert "进入办理" in text
    assert "进入办理" in html
    link = KEYS.verify(token)
    assert link is not None
    assert (link.office_id, link.unit_id, link.contact_id) == (OFFICE, UNIT, CONTACT)
    assert link.digest == hash_address("jtj@jtj.example")
    assert (link.issued_at, link.expires_at) == (SLOT, SLOT + timedelta(days=30))
    message = world.sms.posts[0][1]["data"]["text"]
    code = KEYS.make_code(
        CodeSubject(OFFICE, UNIT, CONTACT, "13800000000"), SLOT.astimezone(UTC).date()
    )
    assert f"{PORTAL}/u 办理码{code}" in message
    assert "/u/" not in message
    sent = await wait_until(lambda: world.list_events("NotificationSent"))
    while len(sent) < 2:
        sent = await world.list_events("NotificationSent")
    bodies = [event.body for event in sent if isinstance(event, NotificationSent)]
    assert any(f"{PORTAL}/u/…" in body for body in bodies)
    assert any("办理码…" in body for body in bodies)
    assert hide_secrets(text).split() in [body.split() for body in bodies]
    assert await find_secrets(world, token, code) == []
    output = "".join(capsys.readouterr())
    assert token not in output
    assert code not in output


async def test_a_repeated_message_has_the_same_link(world: World) -> None:
    world.mail.answers = ["451 later"]
    await world.tell(make_unit(), make_reminder(channels=("email",)))
    world.start(**SET)
    await wait_until(lambda: not world.mail.answers)
    first = (await world.fetch_rows("SELECT * FROM notifier.notifications"))[0]
    world.clock.set(SLOT + timedelta(hours=5))
    await wait_until(lambda: world.mail.mails)
    (token,) = LINK.findall(read_parts(world.mail.mails[0])[0])
    link = KEYS.verify(token)
    assert link is not None
    assert (link.notification_id, link.issued_at) == (first.notification_id, SLOT)


@pytest.mark.parametrize("missing", ["link_keys", "portal_url"])
async def test_without_keys_or_portal_nothing_changes(world: World, missing: str) -> None:
    await world.tell(make_unit(), make_reminder())
    world.start(**(SET | {missing: SecretStr("") if missing == "link_keys" else ""}))
    await wait_until(lambda: world.mail.mails and world.sms.posts)
    assert not any("/u/" in part or "办理码" in part for part in read_parts(world.mail.mails[0]))
    assert world.sms.posts[0][1]["data"]["text"].endswith("详见邮件或台账。")


def make_request(**changed: UUID) -> LinkRequested:
    facts = {"office_id": OFFICE, "unit_id": UNIT, "contact_id": CONTACT} | changed
    return LinkRequested(request_id=uuid4(), requested_at=SLOT, timezone="Asia/Shanghai", **facts)


@pytest.fixture
def mails(world: World, tmp_path: Path) -> LinkMails:
    settings = world.settings.model_copy(update=SET | {"retry_delays": (timedelta(0),)})
    made = make_link_mails(settings, world.engine, world.clock)
    assert made is not None
    return made


async def test_a_new_link_goes_to_the_registered_address_once(
    world: World, mails: LinkMails
) -> None:
    asked = make_request()
    await world.tell(make_unit(), asked, asked)
    assert await mails.send_next()
    assert not await mails.send_next()
    (mail,) = world.mail.mails
    assert mail["To"] == "jtj@jtj.example"
    assert mail["Message-ID"].startswith(f"<{asked.request_id}@")
    text, html = read_parts(mail)
    (token,) = LINK.findall(text)
    assert LINK.findall(html) == [token]
    link = KEYS.verify(token)
    assert link is not None
    assert link.expires_at == SLOT + timedelta(days=30)
    assert link.digest == hash_address("jtj@jtj.example")
    assert await find_secrets(world, token) == []
    await mails.gateway.close()


async def test_a_refused_mail_is_tried_again_and_one_for_nobody_is_dropped(
    world: World, mails: LinkMails
) -> None:
    asked, nobody = make_request(), make_request(contact_id=uuid4())
    await world.tell(make_unit(), asked)
    world.mail.answers = ["451 later"]
    assert await mails.send_next()
    assert await mails.send_next()
    assert len(world.mail.mails) == 1
    await world.tell(nobody)
    assert await mails.send_next()
    rows = await world.fetch_rows("SELECT request_id, state FROM notifier.link_requests")
    assert dict(map(tuple, rows)) == {asked.request_id: "sent", nobody.request_id: "dropped"}
    assert len(world.mail.mails) == 1
    await mails.gateway.close()
