"""Names and texts can't leave their place in a mail, a short message or the directory's file."""

import unicodedata
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain.refusals import RefusedError
from services.ingest.handlers.units.file import read_units
from services.notifier.domain.message import Message
from services.notifier.gateways.mime import encode_mail
from services.notifier.rendering.mail import render_mail
from services.notifier.rendering.sms import render_sms
from shared.messages.sms_parts import count_parts
from shared.messages.wording import Digest
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, ReminderKind
from tests.fuzz.hostile import TEXTS
from tests.fuzz.profiles import fuzzed

NOW = datetime(2023, 8, 30, tzinfo=UTC)
WRITABLE = st.sampled_from([text for text in TEXTS if "\ud800" not in text]) | st.text(
    st.characters(codec="utf-8"), max_size=60
)
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "X-Cuiban-Unit", "Auto-Submitted"),
    *("MIME-Version", "Content-Type"),
]


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, tuple[str, ...]]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, tuple(name for name, _ in attrs)))


def tags(html: str) -> set[tuple[str, tuple[str, ...]]]:
    page = Tags()
    page.feed(html)
    return page.found


def digest(office: str, unit: str, title: str, text: str, audience: Audience) -> Digest:
    items = [
        ReminderItem(
            obligation_id=UUID(int=n),
            ref=text,
            task_name=text,
            text=text,
            kind=kind,
            due_on=due_on,
        )
        for n, (kind, due_on) in enumerate(
            (
                (ReminderKind.DEADLINE, date(2023, 8, 31)),
                (ReminderKind.OVERDUE, date(2023, 8, 1)),
                (ReminderKind.HEARING, date(2023, 12, 31)),
            )
        )
    ]
    today = date(2023, 8, 30)
    return Digest(office, unit, audience, title, items, slot_day=today, today=today)


@fuzzed
@given(WRITABLE, WRITABLE, WRITABLE, WRITABLE, st.sampled_from(Audience))
def test_no_text_adds_a_header_a_part_or_a_tag_to_a_mail(
    office: str, unit: str, title: str, text: str, audience: Audience
) -> None:
    content = render_mail(digest(office, unit, title, text, audience))
    plain = render_mail(digest("办", "局", "表", "文", audience))
    assert tags(content.html) == tags(plain.html)
    message = Message(UUID(int=1), "a@b.example", unit, content)
    raw = encode_mail(
        message, mail_from="办 <c@d.example>", sent_at=datetime(2023, 1, 1, tzinfo=UTC)
    )
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))  # RFC 5322, 2.1.1
    assert b"\n" not in raw.replace(b"\r\n", b"")
    parsed = message_from_bytes(raw, policy=policy.default)
    assert list(parsed.keys()) == HEADERS
    assert len(list(parsed.iter_parts())) == 2
    assert parsed["To"] == "a@b.example"
    assert "\n" not in content.subject


@fuzzed
@given(WRITABLE, WRITABLE, WRITABLE, st.sampled_from(Audience))
def test_a_short_message_is_one_line_of_at_most_three_parts(
    unit: str, text: str, signature: str, audience: Audience
) -> None:
    told = render_sms(digest("办", unit, "表", text, audience), signature[:18]).text
    assert not set(map(unicodedata.category, told)) & {"Cc", "Cs", "Zl", "Zp"}
    assert count_parts(told) <= 3


CELLS = st.sampled_from(
    (
        *TEXTS,
        "name",
        "单位名称",
        "联络员邮箱",
        "a@b.example",
        "13800000001",
        '"',
        '"\n"',
        "\ufeff",
        "、",
    )
) | st.text(max_size=9)


@fuzzed
@given(
    st.lists(st.lists(CELLS, max_size=5).map(",".join), max_size=6).map("\r\n".join)
    | st.lists(CELLS, max_size=4).map(lambda cells: "name,aliases\n" + ",".join(cells)),
    st.sampled_from(("utf-8", "utf-8-sig", "gb18030", "utf-16")),
)
def test_whatever_a_directory_file_holds_it_is_read_or_refused(text: str, encoding: str) -> None:
    _read(text.encode(encoding, "replace"))


@fuzzed
@given(st.binary(max_size=300))
def test_whatever_bytes_a_directory_file_holds_it_is_read_or_refused(data: bytes) -> None:
    _read(data)


def _read(data: bytes) -> None:
    try:
        rows = read_units("u.csv", data)
    except RefusedError:
        return
    for row in rows:
        told = [row.name, row.kind or "", *(row.groups or ()), *(row.aliases or ())]
        told += [value for contact in row.contacts.values() for value in contact.values()]
        assert row.name
        assert not any(character in text for text in told for character in "\x00\r\n\u2028")
