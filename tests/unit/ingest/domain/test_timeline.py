"""Each line of a timeline is Chinese, whatever closed word it tells."""

import re
from datetime import UTC, datetime

import pytest

from services.ingest.domain.statuses import MessageState
from services.ingest.domain.timeline import (
    NotedChange,
    describe_change,
    describe_message,
    describe_reminder,
    describe_withdrawal,
)
from services.ingest.domain.words import ACTIONS, REASONS, STATES, STATUSES
from services.ingest.handlers.ledger.changing import NOTED_AS
from services.notifier.domain.message import Refusal
from services.notifier.domain.retry import FailReason, OpenReason
from shared.messages.stages import HoldReason, SuppressReason
from shared.schemas.life import Action, ObligationStatus

AT = datetime(2023, 6, 1, 1, tzinfo=UTC)
ENGLISH = re.compile(r"[A-Za-z]{2,}")
OF_SCHEDULER = ("done", "submitted", "heard", "amended", "extended", "revised", "withdrawn")


def test_every_status_and_action_has_a_chinese_name():
    assert set(ObligationStatus) <= STATUSES.keys()
    assert set(Action) == ACTIONS.keys()
    assert set(MessageState) == STATES.keys()


@pytest.mark.parametrize(
    "reason", [*SuppressReason, *Refusal, *FailReason, *OpenReason, *HoldReason]
)
def test_a_message_that_was_not_sent_says_why_in_chinese(reason):
    line = describe_message(
        AT, MessageState.FAILED, channel="sms", address="13800000001", reason=reason
    )
    assert not ENGLISH.search(line.text)
    assert line.details["reason"] == reason


@pytest.mark.parametrize("reason", OF_SCHEDULER)
def test_stopped_reminders_say_why_in_chinese(reason):
    assert reason in REASONS
    assert not ENGLISH.search(describe_withdrawal(AT, reason).text)


@pytest.mark.parametrize("action", NOTED_AS.values())
def test_a_change_of_status_is_a_chinese_line_with_its_note(action):
    line = describe_change(NotedChange(AT, "office", action, {}, {"note": "请补充链接"}))
    assert line is not None
    assert not ENGLISH.search(line.text)
    assert line.text.endswith("：请补充链接")


def test_a_reminder_names_its_audience_and_how_often_it_was_urged():
    assert describe_reminder(AT, "liaison", 0, "x").text == "提醒：联络员"
    assert describe_reminder(AT, "head", 2, "x").text == "第 2 次催办：主要负责人"
    other = describe_reminder(AT, "deputy", 2, "x", to_unit="县政府办")
    assert other.text == "第 2 次催办：县政府办分管领导"
