"""Bounces in a mailbox: read by one process, applied once, and never by a forged mark."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.notifier.dispatch.bounce_reading import BounceReading
from services.notifier.gateways.imap import ImapError, ImapSession
from shared.errors import CuibanError
from tests.integration.notifier.imap_server import PASSWORD, USER, ImapMailbox, serve_mailbox
from tests.integration.notifier.test_gateways import self_signed
from tests.integration.notifier.test_set_aside import list_contacts, wait_sent
from tests.integration.notifier.world import World, make_reminder, make_unit, wait_until

pytestmark = pytest.mark.integration
LIAISON, DEPUTY = "a@jtj.example", "b@jtj.example"


@pytest.fixture
async def mailbox() -> AsyncIterator[ImapMailbox]:
    async with serve_mailbox() as served:
        yield served


@pytest.fixture
async def reading(world: World, mailbox: ImapMailbox, tmp_path: Path) -> BounceReading:
    return make_reading(world, tmp_path, port=mailbox.port)


def make_reading(
    world: World, place: Path, verp: str = "bounce+{key}@yanting.example", **box: Any
) -> BounceReading:
    """The loop, by a file of gateways that also sends the world's mails."""
    for name, secret in (("password", PASSWORD), ("keys", "a-key-of-the-office")):
        (place / name).write_text(secret)
    bounces = {"host": "localhost", "security": "none", "user": USER, "address": verp} | box
    lines = "".join(f"      {key}: '{value}'\n" for key, value in bounces.items() if value)
    (place / "gateways.yaml").write_text(
        "gateways:\n  - name: Mail\n    vendor: smtp\n    security: none\n"
        f"    host: 127.0.0.1\n    port: {world.mail.port}\n"
        "    mail_from: 公开办 <gkb@yanting.example>\n"
        f"    bounces:\n{lines}"
        f"      password: {{file: {place}/password}}\n      keys: {{file: {place}/keys}}\n"
    )
    world.settings = world.settings.model_copy(update={"gateways": place / "gateways.yaml"})
    return BounceReading.of_settings(world.settings, world.engine, world.clock)


async def look(reading: BounceReading, world: World) -> int | None:
    """Look at the mailbox at once, whenever the last look was."""
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.bounce_mailboxes SET look_at = now()")
    return await reading.look(reading._mailboxes[0])


def write_bounce(
    to: str, recipient: str = LIAISON, action: str = "failed", status: str = "5.1.1"
) -> bytes:
    return f"""\
From: MAILER-DAEMON@mx.example
To: {to}
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
--b--
""".replace("\n", "\r\n").encode()


async def send(world: World) -> str:
    """Send a mail to the liaison; the sender of its envelope."""
    await world.tell(make_unit(contacts=list_contacts()), make_reminder(channels=("email",)))
    world.start()
    await wait_sent(world, 1)
    return world.mail.senders[0]


async def test_a_bounce_sets_the_address_aside_and_the_next_post_hears(
    world: World, mailbox: ImapMailbox, reading: BounceReading
) -> None:
    sender = await send(world)
    assert sender.startswith("bounce+")
    assert world.mail.mails[0]["From"].endswith("<gkb@yanting.example>")
    await mailbox.put(write_bounce(sender.upper()))
    assert await reading.look(reading._mailboxes[0]) == 1
    events = await wait_sent(world, 2)
    assert [event.address for event in events] == [LIAISON, DEPUTY]
    (failed,) = await world.list_events("NotificationFailed")
    assert (failed.reason, failed.address) == ("bad-address", LIAISON)
    assert await mailbox.list_flags() == [{r"\Seen"}]
    assert await look(reading, world) == 0


async def test_without_an_address_for_bounces_the_message_id_is_recognised(
    world: World, mailbox: ImapMailbox, tmp_path: Path
) -> None:
    reading = make_reading(world, tmp_path, verp="", port=mailbox.port)
    assert await send(world) == "gkb@yanting.example"
    bounce = write_bounce("gkb@yanting.example", status="4.4.7")
    returned = f"\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {world.mail.ids[0]}\r\n--b--"
    await mailbox.put(bounce.replace(b"--b--", f"--b{returned}".encode()))
    await look(reading, world)
    (undelivered,) = await world.list_events("NotificationUndelivered")
    assert (undelivered.gateway, undelivered.detail) == ("Mail", "4.4.7")
    assert await world.fetch_rows("SELECT * FROM notifier.set_aside") == []


async def test_after_a_fault_before_the_flag_the_effect_is_not_repeated(
    world: World, mailbox: ImapMailbox, reading: BounceReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    await mailbox.put(write_bounce(await send(world)))

    def fail(*_: object) -> None:
        raise ImapError("store: the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr(ImapSession, "set_flag", fail)
        with pytest.raises(ImapError):
            await look(reading, world)
    assert await mailbox.list_flags() == [set()]
    assert await look(reading, world) == 1
    assert await mailbox.list_flags() == [{r"\Seen"}]
    assert len(await world.list_events("NotificationUndelivered")) == 1


async def test_a_folder_that_was_made_anew_is_read_again_without_effect(
    world: World, mailbox: ImapMailbox, reading: BounceReading
) -> None:
    await mailbox.put(write_bounce(await send(world)))
    await look(reading, world)
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.bounce_mailboxes SET uid_validity = 1")
    assert await look(reading, world) == 1
    assert len(await world.list_events("NotificationUndelivered")) == 1


async def test_what_belongs_to_no_message_stays_flagged_and_changes_nothing(
    world: World, mailbox: ImapMailbox, reading: BounceReading
) -> None:
    sender = await send(world)
    forged = sender[:-25] + "0" * 8 + sender[-17:]
    vacation = f"From: {LIAISON}\r\nTo: {sender}\r\nAuto-Submitted: auto-replied\r\n\r\n休假"
    unreadable = f"From: postmaster@mx.example\r\nTo: {sender}\r\n\r\n退信"
    await mailbox.put(
        write_bounce(forged),
        vacation.encode(),
        unreadable.encode(),
        write_bounce(sender, action="delayed", status="4.4.1"),
    )
    assert await look(reading, world) == 4
    assert await mailbox.list_flags() == [{r"\Flagged"}, set(), {r"\Flagged"}, {r"\Seen"}]
    assert await world.list_events("NotificationUndelivered") == []
    assert await world.fetch_rows("SELECT * FROM notifier.delivery_receipts") == []


async def test_a_bounce_that_comes_before_the_outcome_waits_for_it(
    world: World, mailbox: ImapMailbox, reading: BounceReading
) -> None:
    world.mail.hangs = 1
    await world.tell(make_unit(contacts=list_contacts()), make_reminder(channels=("email",)))
    world.start()
    await wait_until(lambda: world.mail.senders)
    await mailbox.put(write_bounce(world.mail.senders[0]))
    await look(reading, world)
    assert await world.list_events("NotificationFailed") == []
    world.mail.hang.set()
    assert [event.address for event in await wait_sent(world, 2)] == [LIAISON, DEPUTY]


async def test_one_of_two_processes_reads(
    world: World, mailbox: ImapMailbox, reading: BounceReading
) -> None:
    await mailbox.put(write_bounce(await send(world)))
    other = BounceReading.of_settings(world.settings, world.engine, world.clock)
    looks = (each.look(each._mailboxes[0]) for each in (reading, other))
    assert sorted(await asyncio.gather(*looks), key=str) == [1, None]


async def test_a_mailbox_that_does_not_answer_is_named_until_it_does(
    world: World, mailbox: ImapMailbox, tmp_path: Path
) -> None:
    reading = make_reading(world, tmp_path, port=mailbox.port, user="nobody")
    loop = asyncio.create_task(reading.run())
    named = await wait_until(reading.describe_failing)
    assert named.startswith("Mail: login: ")
    make_reading(world, tmp_path, port=mailbox.port)
    reading.reload()
    async with world.engine.begin() as db:
        await db.exec_driver_sql("UPDATE notifier.bounce_mailboxes SET look_at = now()")

    async def is_read() -> bool:
        return not await reading.describe_failing()

    await wait_until(is_read)
    loop.cancel()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tls_is_verified(world: World, tmp_path: Path, security: str) -> None:
    certificate = await asyncio.to_thread(self_signed, tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    given = {"context" if security == "tls" else "offers_starttls": context}
    async with serve_mailbox(**given) as served:
        trusting = make_reading(
            world, tmp_path, port=served.port, security=security, ca_file=certificate
        )
        assert await look(trusting, world) == 0
        other = make_reading(world, tmp_path, port=served.port, security=security)
        with pytest.raises(ImapError, match="certificate"):
            await look(other, world)


async def test_a_file_that_is_not_valid_leaves_the_former_mailboxes(
    reading: BounceReading, tmp_path: Path
) -> None:
    (tmp_path / "gateways.yaml").write_text("gateways: []\n")
    with pytest.raises(CuibanError):
        reading.reload()
    assert len(reading._mailboxes) == 1
