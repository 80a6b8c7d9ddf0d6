"""An e-mail: subject, text part and HTML part. Pure: templates are read and compiled once."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from services.notifier.domain.message import Content
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
_link_html = _environment.get_template("link.html.j2")
_link_text = _environment.get_template("link.txt.j2")


def render_mail(digest: Digest) -> Content:
    """The e-mail for `digest`."""
    figures = count_items(digest)
    words = {
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
    title = write_subject(digest, figures)
    words["subject"] = title
    secret = digest.door.secret if digest.door else ""
    return Content(title, _text.render(words), _html.render(words), secret)


def render_link_mail(office: str, unit: str, door: Door) -> Content:
    """The e-mail with a new link, for a contact who asked for one."""
    words = {
        "office": clean(office) or _OFFICE,
        "unit": clean(unit),
        "subject": _cut(f"【办理链接】{clean(unit)}：新的办理链接"),
        "door": door,
        "until": format_chinese(door.until),
    }
    return Content(
        str(words["subject"]), _link_text.render(words), _link_html.render(words), door.secret
    )


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
        return _cut(
            f"【逾期催办】{unit}：{figures.late}{what}已逾期{more}（{format_chinese(today)}）"
        )
    if figures.today:
        rest = figures.ahead
        more = f"，另有{rest}项待办" if rest else ""
        return _cut(f"【今日到期】{unit}：{figures.today}{what}今日到期{more}")
    if figures.nearest is None:
        return _cut(f"【工作提醒】{unit}：{figures.items}{what}待办")
    when, days = format_day(figures.nearest, today), digest.describe_time_left(figures.nearest)[0]
    if figures.hearings == figures.items:
        return _cut(f"【工作提醒】{unit}：请于{when}前安排主要负责人听取汇报（{days}）")
    return _cut(f"【工作提醒】{unit}：{figures.items}{what}待办，最近{when}到期（{days}）")


def _cut(line: str) -> str:
    return line if len(line) <= _SUBJECT_LIMIT else line[: _SUBJECT_LIMIT - 1] + "…"
