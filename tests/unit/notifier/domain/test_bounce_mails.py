"""Mails in the mailbox of bounces: as servers write them, and as nobody should."""

from base64 import b64encode
from uuid import UUID

import pytest

from services.notifier.domain.bounce_mails import BounceMail, MailKind, read_bounce_mail
from services.notifier.domain.bounce_marks import BounceMark, BounceMarks
from services.notifier.domain.bounces import BounceAction, RecipientStatus

NAME = UUID("5b1f0c86-2a4e-5a52-9d0c-6a0a2f7d9e11")
MARKS = BounceMarks.parse("a-key-of-the-office")
MARK = MARKS.make(NAME)
VERP = MARK.to_address("bounce+{key}@mail.example")
MESSAGE_ID = MARK.to_message_id("mail.example")
FIELDS = """\
Final-Recipient: rfc822; JTJ@jtj.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown"""
GONE = RecipientStatus(("jtj@jtj.example",), BounceAction.FAILED, "5.1.1", "550 5.1.1 User unknown")
RETURNED = f"Content-Type: text/rfc822-headers\n\nMessage-ID: {MESSAGE_ID}\nSubject: x\n"
WHOLE = "message/rfc822"
BYTES = b"\xff\xfe".decode("utf-8", "surrogateescape")
READ_RECEIPT = (
    b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
    b"--b\nContent-Type: message/disposition-notification\n\n"
    b"Final-Recipient: rfc822;a@b\nDisposition: manual-action; displayed\n--b--\n"
)
NO_BOUNDARY = b"Content-Type: multipart/report; report-type*=utf-8''%FF; boundary=\"\"\n\n"


def write(
    fields: str = FIELDS,
    to: str = VERP,
    returned: str = "Content-Type: text/rfc822-headers\n\nSubject: x\n",
    status_head: str = "Content-Type: message/delivery-status\n",
    head: str = "",
) -> bytes:
    text = f"""\
From: MAILER-DAEMON@mx.example
To: {to}
{head}MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Could not be delivered.
--b
{status_head}
Reporting-MTA: dns; mx.example

{fields}
--b
{returned}
--b--
"""
    return text.encode("utf-8", "surrogateescape")


def bounce(*statuses: RecipientStatus, mark: BounceMark | None = MARK) -> BounceMail:
    return BounceMail(MailKind.BOUNCE, mark, statuses or (GONE,))


def status_of(fields: str) -> RecipientStatus:
    (status,) = read_bounce_mail(write(fields), MARKS).statuses
    return status


ENCODED_FIELDS = b64encode(f"Reporting-MTA: dns; mx\n\n{FIELDS}".encode()).decode()


@pytest.mark.parametrize(
    "raw",
    [
        write(),
        write().replace(b"\n", b"\r\n"),
        write(to=VERP.upper()),
        write(to="other@mail.example", head=f"Delivered-To: {VERP}\n"),
        write(to="other@mail.example", returned=RETURNED),
        write(to="o@mail.example", returned=RETURNED.replace("text/rfc822-headers", WHOLE)),
        write(to="o@mail.example", head=f"References: <a@b> {MESSAGE_ID}\n"),
        write(status_head="Content-Type: message/global-delivery-status\n"),
        write(fields=f"{FIELDS}\n\n\n"),
        write()[:-40],
    ],
)
def test_a_bounce_is_read_with_its_mark(raw: bytes) -> None:
    assert read_bounce_mail(raw, MARKS) == bounce()


def test_a_status_that_is_encoded_against_the_rules_is_read() -> None:
    head = "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n"
    raw = write().replace(
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        + FIELDS.encode(),
        f"{head}\n{ENCODED_FIELDS}".encode(),
    )
    assert read_bounce_mail(raw, MARKS) == bounce()


def test_a_forwarded_bounce_is_read() -> None:
    outer = b"From: a@b\nContent-Type: multipart/mixed; boundary=o\n\n--o\n"
    raw = outer + b"Content-Type: message/rfc822\n\n" + write(returned=RETURNED) + b"--o--\n"
    assert read_bounce_mail(raw, MARKS) == bounce()


def test_several_recipients() -> None:
    fields = f"{FIELDS}\n\nFinal-Recipient: rfc822; <b@c.example>\nAction: delayed\nStatus: 4.4.1"
    second = RecipientStatus(("b@c.example",), BounceAction.DELAYED, "4.4.1", "")
    assert read_bounce_mail(write(fields), MARKS) == bounce(GONE, second)


def test_the_original_recipient_is_an_address_too() -> None:
    status = status_of("Original-Recipient: rfc822;a@b.example\n" + FIELDS)
    assert status.addresses == ("jtj@jtj.example", "a@b.example")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("smtp; 550 用户不存在", "550 用户不存在"),
        ("smtp; =?utf-8?B?55So5oi35LiN5a2Y5Zyo?=", "用户不存在"),
        ("smtp; 550 " + "用户".encode("gb18030").decode("utf-8", "surrogateescape"), "550 用户"),
        ("smtp; =?x-unknown?B?55So?=", "=?x-unknown?B?55So?="),
        ("smtp; =?utf-8?B?5?=", "=?utf-8?B?5?="),
        ("smtp; 550 one\n two\u202e", "550 one two"),
        ("550 5.1.1 without a type", "550 5.1.1 without a type"),
        ("", ""),
    ],
)
def test_replies_are_read_in_any_charset(written: str, text: str) -> None:
    fields = f"Final-Recipient: rfc822; a@b\nAction: failed\nDiagnostic-Code: {written}"
    assert status_of(fields).diagnostic == text


@pytest.mark.parametrize(
    ("fields", "action", "status"),
    [
        ("Action: FAILED (permanent)\nStatus: 5.1.1 (unknown)", BounceAction.FAILED, "5.1.1"),
        ("Action: exploded\nStatus: 9.9.9", None, ""),
        ("Action: \nStatus: 5.1", None, ""),
        ("Status: 5.1.1\nStatus: 2.0.0", None, "5.1.1"),
    ],
)
def test_fields_that_are_no_words_of_the_standard(
    fields: str, action: BounceAction | None, status: str
) -> None:
    read = status_of(f"Final-Recipient: rfc822; a@b\n{fields}")
    assert (read.action, read.status) == (action, status)


def test_a_bounce_without_a_genuine_mark_has_none() -> None:
    forged = BounceMarks.parse("a-key-of-another").make(NAME)
    for to in ("gkb@mail.example", forged.to_address("bounce+{key}@mail.example")):
        assert read_bounce_mail(write(to=to), MARKS) == bounce(mark=None)


VACATION = f"""\
From: jtj@jtj.example
To: {VERP}
Auto-Submitted: auto-replied
Subject: =?utf-8?B?5LyR5YGH?=

休假中。
""".encode()


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (VACATION, MailKind.OTHER),
        (VACATION.replace(b"jtj@", b"postmaster@"), MailKind.OTHER),
        (VACATION.replace(b"Auto-Submitted: auto-replied\n", b""), MailKind.OTHER),
        (b"", MailKind.OTHER),
        (b"\x00\xff" * 1000, MailKind.OTHER),
        (b"Subject: buy now\n\nhttps://spam.example", MailKind.OTHER),
        (f"From: postmaster@qq.example\nTo: {VERP}\n\n退信".encode(), MailKind.UNREADABLE),
        (b"From: =?x?B?/?= <MAILER-DAEMON>\n\nno", MailKind.UNREADABLE),
        (write(fields="X-Nothing: 1"), MailKind.UNREADABLE),
        (write(fields=f"\x00{BYTES}"), MailKind.UNREADABLE),
        (write(status_head="Content-Type: text/plain\n"), MailKind.UNREADABLE),
        (READ_RECEIPT, MailKind.OTHER),
        (NO_BOUNDARY, MailKind.OTHER),
    ],
)
def test_what_is_no_bounce_or_can_not_be_read(raw: bytes, kind: MailKind) -> None:
    assert read_bounce_mail(raw, MARKS) == BounceMail(kind)


def test_a_mail_of_parts_without_an_end_raises_nothing() -> None:
    depth = 2000
    parts = [
        f'Content-Type: multipart/mixed; boundary="{number}"\n\n--{number}\n'
        for number in range(depth)
    ]
    nested = read_bounce_mail("".join(parts).encode(), MARKS)
    assert nested.kind in {MailKind.OTHER, MailKind.UNREADABLE}
    many = FIELDS + "\n\nFinal-Recipient: rfc822; a@b\nAction: failed" * 500
    assert len(read_bounce_mail(write(many), MARKS).statuses) == 100
