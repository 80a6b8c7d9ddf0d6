"""`cuiban hold` and `cuiban release`, where they are used wrongly, and what a preview shows."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cli import holds
from shared.api.holds import HoldOut, HoldPreviewOut, WaitingOfChannelOut, WaitingOfUnitOut

NOW = datetime(2026, 11, 30, 1, tzinfo=UTC)
HELD = HoldOut(
    hold_id=UUID(int=1),
    channel="sms",
    gateway="",
    everywhere=False,
    reason="签名待报备",
    held_at=NOW,
    held_by="王敏",
    released_at=None,
    released_by=None,
    released_why=None,
)


@pytest.mark.parametrize("command", ["hold", "release"])
def test_holding_and_releasing_need_a_reason(cuiban: Any, command: str) -> None:
    ended = cuiban(command)
    assert (ended.status, "--reason" in ended.err) == (2, True)


def test_a_preview_names_the_numbers_by_channel_and_unit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    of_unit = WaitingOfUnitOut(
        unit_id=UUID(int=2), unit="县财政局", channel="sms", messages=12, oldest=NOW
    )
    holds._show_preview(
        HoldPreviewOut(
            hold=HELD,
            messages=12,
            oldest=NOW,
            pointless=3,
            withdrawn=5,
            kept=7,
            channels=[WaitingOfChannelOut(channel="sms", messages=12, units=1, oldest=NOW)],
            units=[of_unit],
        )
    )
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("12", "3", "5", "7", "县财政局", "sms"))


def test_a_table_of_holds_says_what_is_held_and_since_when(
    capsys: pytest.CaptureFixture[str],
) -> None:
    holds.show_holds([HELD, HELD.model_copy(update={"channel": "", "everywhere": True})])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("sms", "王敏", "签名待报备"))
    holds.show_holds([])
    assert capsys.readouterr().out.strip()
