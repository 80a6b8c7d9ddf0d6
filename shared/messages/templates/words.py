"""The words that the templates of messages show. Pure.

What comes from outside (names, tasks) is on one line and without control characters, so that no
word can end a header.
"""

from typing import Any

from shared.messages.sms import describe_time, write_message, write_signature
from shared.messages.wording import (
    POSTS,
    Count,
    Digest,
    Door,
    clean,
    count_items,
    describe_items,
    format_chinese,
    format_day,
    quote_titles,
)
from shared.schemas.rules import Audience
from shared.schemas.templates import TemplateKind

SUBJECT_LIMIT = 120
"""The most characters of a subject."""
_OFFICE = "政务公开办"
Words = dict[str, Any]
"""Values by name; `shared.messages.templates.names` says which names each kind has."""


def make_digest_words(kind: TemplateKind, digest: Digest, signature: str = "") -> Words:
    """The words of a reminder. Only a short message has a `signature`, which is no part of them."""
    figures = count_items(digest)
    words: Words = {
        "office": clean(digest.office) or _OFFICE,
        "unit": clean(digest.unit),
        "told": clean(digest.told_unit),
        "post": POSTS[digest.audience],
        "escalated": bool(digest.told_unit) or digest.audience is not Audience.LIAISON,
        "plan": quote_titles(digest),
        "today": format_chinese(digest.today),
        "figures": figures,
        "state": describe_figures(figures),
        "lines": describe_items(digest),
        "door": digest.door,
        "until": format_chinese(digest.door.until) if digest.door else "",
    }
    if kind is TemplateKind.DIGEST_SMS:
        words["when"] = describe_time(digest, figures)
        words["message"] = write_message(digest, write_signature(signature))
    else:
        words["subject"] = write_subject(digest, figures)
    return words


def make_link_words(office: str, unit: str, door: Door) -> Words:
    """The words of the mail with a new link."""
    return {
        "office": clean(office) or _OFFICE,
        "unit": clean(unit),
        "subject": cut_subject(f"【办理链接】{clean(unit)}：新的办理链接"),
        "door": door,
        "until": format_chinese(door.until),
    }


def describe_figures(figures: Count) -> str:
    """`1项已逾期、2项今日到期、3项尚在期限内`, without the parts that are zero."""
    parts = (
        (figures.late, "已逾期"),
        (figures.today, "今日到期"),
        (figures.ahead, "尚在期限内"),
    )
    return "、".join(f"{number}项{what}" for number, what in parts if number)


def write_subject(digest: Digest, figures: Count) -> str:
    """One line: whose items they are, how many, and until when."""
    unit, today = clean(digest.unit), digest.today
    what = "项任务" if not figures.hearings else "项工作"
    if figures.late:
        rest = figures.items - figures.late
        more = f"，另有{rest}项待办" if rest else ""
        return cut_subject(
            f"【逾期催办】{unit}：{figures.late}{what}已逾期{more}（{format_chinese(today)}）"
        )
    if figures.today:
        rest = figures.ahead
        more = f"，另有{rest}项待办" if rest else ""
        return cut_subject(f"【今日到期】{unit}：{figures.today}{what}今日到期{more}")
    if figures.nearest is None:
        return cut_subject(f"【工作提醒】{unit}：{figures.items}{what}待办")
    when, days = format_day(figures.nearest, today), digest.describe_time_left(figures.nearest)[0]
    if figures.hearings == figures.items:
        return cut_subject(f"【工作提醒】{unit}：请于{when}前安排主要负责人听取汇报（{days}）")
    return cut_subject(f"【工作提醒】{unit}：{figures.items}{what}待办，最近{when}到期（{days}）")


def cut_subject(line: str) -> str:
    """A subject on one line, of at most `SUBJECT_LIMIT` characters."""
    line = clean(line)
    return line if len(line) <= SUBJECT_LIMIT else line[: SUBJECT_LIMIT - 1] + "…"
