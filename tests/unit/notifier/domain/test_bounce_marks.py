"""Marks of messages: found in addresses and Message-IDs, and made by the holder of a key alone."""

from uuid import UUID

import pytest

from services.notifier.domain.bounce_marks import BounceMarks

NAME = UUID("5b1f0c86-2a4e-5a52-9d0c-6a0a2f7d9e11")
MARKS = BounceMarks.parse("a-key-of-the-office another-key-of-it")
ADDRESS = MARKS.make(NAME).to_address("bounce+{key}@mail.example")
MESSAGE_ID = MARKS.make(NAME).to_message_id("mail.example")


@pytest.mark.parametrize(
    "text",
    [
        ADDRESS,
        ADDRESS.upper(),
        f"<{ADDRESS}>",
        MESSAGE_ID,
        f"Re: {MESSAGE_ID}, <x@y>",
        f"{'0' * 48} {ADDRESS}",
    ],
)
def test_a_mark_is_found(text: str) -> None:
    assert MARKS.find(["", text]) == MARKS.make(NAME)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"<{NAME}@mail.example>",
        f"<{NAME}.{'0' * 16}@mail.example>",
        BounceMarks.parse("a-key-of-another").make(NAME).to_message_id("mail.example"),
        MESSAGE_ID.replace("5b1f", "5b1e"),
        f"0{ADDRESS.removeprefix('bounce+')}",
    ],
)
def test_a_mark_that_no_key_has_made_is_none(text: str) -> None:
    assert MARKS.find([text]) is None


def test_a_former_key_recognises_its_marks_and_makes_none() -> None:
    rotated = BounceMarks.parse("a-new-key-of-the-office a-key-of-the-office")
    assert rotated.find([ADDRESS]) == MARKS.make(NAME)
    assert rotated.make(NAME) != MARKS.make(NAME)
    assert "office" not in repr(rotated)


def test_an_address_is_as_short_as_mail_servers_want_it() -> None:
    assert len(ADDRESS.partition("@")[0]) <= 64
