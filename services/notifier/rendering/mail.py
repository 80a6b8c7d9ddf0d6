"""An e-mail: subject, text part and HTML part. Pure: templates are read and compiled once."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.message import Content
from services.notifier.rendering.wording import (
    POSTS,
    Count,
    Digest,
    chinese,
    clean,
    count,
    day_of,
    lines,
    titled,
)
from shared.schemas.rules import Audience

_SUBJECT_LIMIT = 120
_OFFICE = "政务公开办"
_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=select_autoescape(enabled_extensions=("html.j2",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_html = _environment.get_template("mail.html.j2")
_text = _environment.get_template("mail.txt.j2")


def mail(digest: Digest) -> Content:
    """The e-mail that tells of `digest`."""
    figures = count(digest)
    words = {
        "office": clean(digest.office) or _OFFICE,
        "unit": clean(digest.unit),
        "post": POSTS[digest.audience],
        "escalated": digest.audience is not Audience.LIAISON,
        "plan": titled(digest.plan_title),
        "today": chinese(digest.today),
        "figures": figures,
        "state": state_of(figures),
        "lines": lines(digest),
    }
    title = subject(digest, figures)
    words["subject"] = title
    return Content(title, _text.render(words), _html.render(words))


def state_of(figures: Count) -> str:
    """`1项已逾期、2项今日到期、3项尚在期限内`, without what is none."""
    parts = (
        (figures.late, "已逾期"),
        (figures.today, "今日到期"),
        (figures.ahead, "尚在期限内"),
    )
    return "、".join(f"{number}项{what}" for number, what in parts if number)


def subject(digest: Digest, figures: Count) -> str:
    """One line that tells whose it is, how much there is, and by when."""
    unit, today = clean(digest.unit), digest.today
    what = "项任务" if not figures.hearings else "项工作"
    if figures.late:
        rest = figures.items - figures.late
        more = f"，另有{rest}项待办" if rest else ""
        return _cut(f"【逾期催办】{unit}：{figures.late}{what}已逾期{more}（{chinese(today)}）")
    if figures.today:
        rest = figures.ahead
        more = f"，另有{rest}项待办" if rest else ""
        return _cut(f"【今日到期】{unit}：{figures.today}{what}今日到期{more}")
    if figures.nearest is None:
        return _cut(f"【工作提醒】{unit}：{figures.items}{what}待办")
    when, days = day_of(figures.nearest, today), digest.left(figures.nearest)[0]
    if figures.hearings == figures.items:
        return _cut(f"【工作提醒】{unit}：请于{when}前安排主要负责人听取汇报（{days}）")
    return _cut(f"【工作提醒】{unit}：{figures.items}{what}待办，最近{when}到期（{days}）")


def _cut(line: str) -> str:
    return line if len(line) <= _SUBJECT_LIMIT else line[: _SUBJECT_LIMIT - 1] + "…"
