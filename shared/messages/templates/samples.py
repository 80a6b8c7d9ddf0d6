"""Invented reminders, with which a template is tried before it is published. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from shared.messages.templates.words import Words, make_digest_words, make_link_words
from shared.messages.wording import Digest, Door
from shared.schemas.facts import ReminderItem
from shared.schemas.rules import Audience, ReminderKind
from shared.schemas.templates import TemplateKind

_TODAY = date(2026, 6, 15)  # a Monday
_DAY = timedelta(days=1)
MARKUP = "<某>"
"""Stands in the samples as plans and directories may have it."""
_UNIT = f"{MARKUP}&\"'县教体局"
_LONG = "某某县人力资源和社会保障局政务公开工作领导小组办公室"
MANY = 60
"""Items of the largest sample."""
_LINK = Door("https://portal.example/u/sample.token", "sample.token", _TODAY + 30 * _DAY)
_CODE = Door("https://portal.example/u", "12345678", _TODAY + 7 * _DAY)


def list_samples(kind: TemplateKind, signature: str = "") -> Iterator[Words]:
    """The words of some messages that differ in all that a template can ask for."""
    if kind is TemplateKind.LINK_MAIL:
        yield make_link_words("县政务公开办公室", _UNIT, _LINK)
        return
    door = _CODE if kind is TemplateKind.DIGEST_SMS else _LINK
    for digest in _list_digests(None if kind is TemplateKind.DIGEST_GROUP else door):
        yield make_digest_words(kind, digest, signature)


def make_example(kind: TemplateKind, signature: str = "") -> Words:
    """The words of a message as people know it, for a preview without a unit."""
    if kind is TemplateKind.LINK_MAIL:
        return make_link_words("县政务公开办公室", "县教育和体育局", _LINK)
    door = {TemplateKind.DIGEST_SMS: _CODE, TemplateKind.DIGEST_GROUP: None}.get(kind, _LINK)
    items = [_make_item(day, task="主动公开民生保障信息") for day in (-3, 0, 3, 40)]
    digest = _make_digest(items, door, unit="县教育和体育局")
    return make_digest_words(kind, digest, signature)


def _list_digests(door: Door | None) -> Iterator[Digest]:
    late, near = _make_item(-3, ReminderKind.OVERDUE), _make_item(3)
    hearing = _make_item(20, ReminderKind.HEARING)
    yield _make_digest([near], door)
    yield _make_digest([late, _make_item(0), near, hearing], door)
    yield _make_digest([_make_item(60)], None)
    yield _make_digest([hearing], door, audience=Audience.HEAD)
    yield _make_digest([late], None, audience=Audience.DEPUTY)
    yield _make_digest([_make_item(day, plan="又一份分解表") for day in range(MANY)], door)
    yield _make_digest([late, near], door, unit=_LONG)


def _make_digest(
    items: list[ReminderItem],
    door: Door | None,
    *,
    unit: str = _UNIT,
    audience: Audience = Audience.LIAISON,
) -> Digest:
    return Digest(
        office="县政务公开办公室",
        unit=unit,
        audience=audience,
        plan_title="2026年政务公开重点任务分解表",
        items=items,
        slot_day=_TODAY,
        today=_TODAY,
        door=door,
    )


def _make_item(
    days: int,
    kind: ReminderKind = ReminderKind.DEADLINE,
    *,
    plan: str = "",
    task: str = f"主动公开{MARKUP}信息",
) -> ReminderItem:
    return ReminderItem(
        obligation_id=UUID(int=days + 10),
        ref=f"{days + 4}.1",
        task_name=task,
        text="及时公开各项民生保障政策及其落实情况。",
        kind=kind,
        due_on=_TODAY + days * _DAY,
        plan=plan,
    )
