"""A link is what one of the keys signed, byte for byte; a code belongs to one number and day."""

import base64
import string
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import CuibanError
from shared.links import CODE_DAYS, CodeSubject, LinkKeys, SignedLink, hash_address
from shared.settings import Settings

NOW = datetime(2023, 12, 26, 1, tzinfo=UTC)
LINK = SignedLink(
    UUID(int=1),
    UUID(int=2),
    UUID(int=3),
    UUID(int=4),
    hash_address("a@b.example"),
    NOW,
    NOW + timedelta(days=30),
)
SUBJECT = CodeSubject(UUID(int=1), UUID(int=2), UUID(int=3), "13800000001")


def make_secret(byte: int) -> str:
    return base64.urlsafe_b64encode(bytes([byte]) * 32).decode()


OLD, NEW = f"old:{make_secret(1)}", f"new:{make_secret(2)}"
KEYS = LinkKeys.parse(NEW)


def test_a_link_is_the_same_each_time_and_reads_back() -> None:
    token = KEYS.sign(LINK)
    assert token == KEYS.sign(LINK)
    assert KEYS.verify(token) == LINK


def test_no_altered_character_is_accepted() -> None:
    token = KEYS.sign(LINK)
    letters = string.ascii_letters + string.digits + "-_."
    for place, letter in enumerate(token):
        for other in letters:
            changed = token[:place] + other + token[place + 1 :]
            assert other == letter or KEYS.verify(changed) is None, (place, other)


@given(st.text(max_size=300))
def test_no_text_is_a_link(text: str) -> None:
    assert KEYS.verify(text) is None


@pytest.mark.parametrize("more", ["=", ".", " ", "A", "\n"])
def test_nothing_may_follow_a_link(more: str) -> None:
    assert KEYS.verify(KEYS.sign(LINK) + more) is None


def test_an_unsigned_link_and_one_with_another_algorithm_are_refused() -> None:
    head, payload, signature = KEYS.sign(LINK).split(".")
    for written in (b'{"alg":"none","kid":"new"}', b'{"alg":"HS512","kid":"new"}'):
        other = base64.urlsafe_b64encode(written).rstrip(b"=").decode()
        assert KEYS.verify(f"{other}.{payload}.{signature}") is None
        assert KEYS.verify(f"{other}.{payload}.") is None
    assert KEYS.verify(f"{head}.{payload}.") is None


def test_keys_are_rotated() -> None:
    before, both = LinkKeys.parse(OLD), LinkKeys.parse(f"{NEW} {OLD}")
    token = before.sign(LINK)
    code = before.make_code(SUBJECT, NOW.date())
    assert both.verify(token) == LINK
    assert both.find_day(SUBJECT, code, NOW.date()) == NOW.date()
    assert before.verify(both.sign(LINK)) is None, "the first key signs"
    assert KEYS.verify(token) is None, "a dropped key verifies nothing"
    assert KEYS.find_day(SUBJECT, code, NOW.date()) is None


def test_a_key_of_the_same_id_and_another_secret_verifies_nothing() -> None:
    assert LinkKeys.parse(f"new:{make_secret(3)}").verify(KEYS.sign(LINK)) is None


def test_a_code_can_be_used_for_some_days_and_by_its_number_alone() -> None:
    today = NOW.date()
    code = KEYS.make_code(SUBJECT, today)
    assert len(code) == 8
    assert code.isdigit()
    assert KEYS.find_day(SUBJECT, code, today + timedelta(days=CODE_DAYS)) == today
    assert KEYS.find_day(SUBJECT, code, today + timedelta(days=CODE_DAYS + 1)) is None
    assert KEYS.find_day(SUBJECT, code, today - timedelta(days=1)) is None
    for other in ("13800000002", ""):
        subject = CodeSubject(UUID(int=1), UUID(int=2), UUID(int=3), other)
        assert KEYS.find_day(subject, code, today) is None
    assert (
        KEYS.find_day(
            CodeSubject(UUID(int=9), UUID(int=2), UUID(int=3), "13800000001"), code, today
        )
        is None
    )


@pytest.mark.parametrize(
    "written", ["x", "a:short", f"{NEW} {NEW}", f"{NEW},{OLD}", ":" + "A" * 43]
)
def test_keys_that_cannot_be_read_are_refused_without_being_repeated(
    written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUIBAN_LINK_KEYS", written)
    with pytest.raises(CuibanError, match="CUIBAN_LINK_KEYS") as caught:
        Settings.load()
    assert make_secret(2) not in str(caught.value)


def test_without_keys_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUIBAN_LINK_KEYS", raising=False)
    keys = LinkKeys.parse(Settings.load().link_keys.get_secret_value())
    assert not keys
    assert keys.verify(KEYS.sign(LINK)) is None
