"""Mutes and the reasons of reminders in words. Pure."""

from services.console.texts.wording import Wording
from shared.api.mutes import MuteOut
from shared.api.why import NotFiredOut


def name_muted(words: Wording, mute: MuteOut) -> str:
    """What a mute silences: 县财政局、序号 16、规则 deadline."""
    parts = []
    if mute.unit_id:
        parts.append(mute.unit or str(mute.unit_id))
    if mute.task:
        parts.append(words.gettext("序号 %(task)s", task=mute.task))
    if mute.rule_id:
        parts.append(words.gettext("规则 %(rule)s", rule=mute.rule_id))
    return words.gettext("、").join(parts)


def say_reason(language: str, unfired: NotFiredOut) -> str:
    """Why a reminder was not sent, in a language."""
    return unfired.chinese if language == "zh" else unfired.english
