"""A mail as bytes, read back by Python's own parser."""

from datetime import datetime, timedelta, timezone
from email import policy
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.domain.message import Content, Message
from services.notifier.gateways.mime import encode_domain, encode_mail, is_sendable, parse_sender

NAME = UUID(int=7)
SENT = datetime(2023, 12, 6, 9, 5, 3, tzinfo=timezone(timedelta(hours=8)))
FROM = "盐亭县政务公开办公室 <gkb@yanting.example>"


def parsed(subject: str, text: str = "正文\n", html: str = "<p>正文</p>", unit: str = "县教体局"):
    message = Message(NAME, "jtj@jtj.example", unit, Content(subject, text, html))
    raw = encode_mail(message, mail_from=FROM, sent_at=SENT)
    return raw, BytesParser(policy=policy.default).parsebytes(raw)


def test_a_mail_reads_back_as_it_was_written() -> None:
    raw, mail = parsed("【工作提醒】盐亭县教育和体育局：请于12月31日前安排主要负责人听取汇报")
    assert mail["Subject"] == "【工作提醒】盐亭县教育和体育局：请于12月31日前安排主要负责人听取汇报"
    assert mail["From"] == "盐亭县政务公开办公室 <gkb@yanting.example>"
    assert mail["To"] == "jtj@jtj.example"
    assert mail["Message-ID"] == f"<{NAME}@yanting.example>"
    assert mail["X-Cuiban-Unit"] == "县教体局"
    assert parsedate_to_datetime(mail["Date"]) == SENT
    text, html = mail.iter_parts()
    assert text.get_content() == "正文\r\n"
    assert html.get_content_type() == "text/html"
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert not mail.defects


@given(st.text(max_size=200), st.text(max_size=100))
def test_nothing_in_a_subject_or_a_name_becomes_a_header(subject: str, unit: str) -> None:
    raw, _ = parsed(subject + "\r\nBcc: x@evil.example\r\n\r\nbody", unit=unit + "\nX: y")
    head = raw.split(b"\r\n\r\n")[0]
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [
        *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"X-Cuiban-Unit"),
        *(b"Auto-Submitted", b"MIME-Version", b"Content-Type"),
    ]
    assert not [line for line in raw.split(b"\r\n") if line.startswith(b".")]
    assert b"\n" not in raw.replace(b"\r\n", b"")


@given(st.text(max_size=3000))
def test_any_text_survives_the_transport(text: str) -> None:
    raw, mail = parsed("x", text=text)
    assert raw.isascii()
    part = next(mail.iter_parts()).get_payload(decode=True).decode()
    wanted = text.encode("utf-8", "replace").decode().replace("\n", "\r\n")
    assert part == wanted


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@b",
        "a@",
        "a b@c",
        "a@b\r\nRCPT TO:<x>",
        "a@b,c@d",
        "<a@b>",
        "张 @b",
        "张\u202e\n@b",
        "a@" + "b" * 260,
    ],
)
def test_what_is_no_plain_address_is_never_sent_to(address: str) -> None:
    assert not is_sendable(address)


@pytest.mark.parametrize(
    ("address", "encoded"),
    [
        ("a@b.example", "a@b.example"),
        ("a@教体局.example", "a@xn--tqqy82au5g.example"),
        ("张@教体局.example", "张@xn--tqqy82au5g.example"),
    ],
)
def test_a_domain_is_written_in_ascii(address: str, encoded: str) -> None:
    assert is_sendable(address)
    assert encode_domain(address) == encoded


def test_a_sender_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an address"):
        parse_sender("政务公开办")
