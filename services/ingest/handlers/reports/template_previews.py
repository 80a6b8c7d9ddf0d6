"""What a template makes of what a unit owes now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act
from services.ingest.handlers.ledger.ledger import LedgerItem, list_items
from services.ingest.handlers.ledger.selecting import LedgerQuery
from services.ingest.handlers.office.office_settings import get_settings
from services.ingest.handlers.office.rules import get_calendar, get_office_day
from services.ingest.handlers.units.units import get_unit
from services.ingest.settings import IngestSettings
from services.ingest.store import offices
from services.ingest.store.ledger import LedgerPage, LedgerSort
from shared.calendar import WorkingCalendar
from shared.links import CODE_DAYS, MASK
from shared.marked.problems import Mark, TextProblem
from shared.messages.sms_parts import count_parts
from shared.messages.templates.checking import Check, check_template
from shared.messages.templates.rendering import Rendered, render_parts
from shared.messages.templates.samples import make_example
from shared.messages.templates.sandbox import TemplateError
from shared.messages.templates.words import Words, make_digest_words, make_link_words
from shared.messages.wording import Digest, Door
from shared.schemas.facts import ReminderItem
from shared.schemas.life import ObligationStatus
from shared.schemas.rules import Audience, ObligationKind, ReminderKind
from shared.schemas.templates import TemplateKind, TemplateParts

MOST_ITEMS = 30
"""Obligations in a preview, by their date."""
_ENDED = {ObligationStatus.DONE, ObligationStatus.WITHDRAWN}
_OPEN = tuple(each for each in ObligationStatus if each not in _ENDED)
_KINDS = {
    (ObligationKind.DEADLINE, False): ReminderKind.DEADLINE,
    (ObligationKind.DEADLINE, True): ReminderKind.OVERDUE,
    (ObligationKind.HEARING, False): ReminderKind.HEARING,
    (ObligationKind.HEARING, True): ReminderKind.HEARING_OVERDUE,
}
_SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PreviewQuestion:
    """What to preview; `unit_id` is None for an invented reminder."""

    kind: TemplateKind
    parts: TemplateParts
    unit_id: UUID | None
    audience: Audience


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview.

    Attributes:
        check: what would be refused at publication.
        rendered: None with problems.
        sms_parts: of this short message; None for a mail.
        items: how many obligations it shows.
    """

    check: Check
    rendered: Rendered | None
    sms_parts: int | None
    items: int


async def get_signature(db: AsyncConnection, act: Act, installation: IngestSettings) -> str:
    """The signature of the office's short messages."""
    return (await get_settings(db, act.office_id)).signature or installation.sms_signature


async def preview_template(
    db: AsyncConnection, act: Act, asked: PreviewQuestion, installation: IngestSettings
) -> Preview:
    """Check a template, and render it with what a unit owes now. It changes nothing.

    Raises:
        RefusedError: there is no such unit, or it owes nothing with a date.
    """
    signature = await get_signature(db, act, installation)
    words = await _make_words(db, act, asked, installation, signature)
    check = await asyncio.to_thread(check_template, asked.kind, asked.parts, signature)
    items = len(words.get("lines", ()))
    if check.problems:
        return Preview(check, None, None, items)
    try:
        rendered = render_parts(asked.kind, asked.parts, words, signature)
    except TemplateError as error:
        return Preview(_make_failed(error), None, None, items)
    parts = count_parts(rendered.text) if asked.kind is TemplateKind.DIGEST_SMS else None
    return Preview(check, rendered, parts, items)


def _make_failed(error: TemplateError) -> Check:
    """A check that tells why this unit's reminder can't be rendered, though all samples can."""
    message = f"这个单位的消息写不出来。The text of this unit can't be made: {error}."
    hint = "这样的消息会改用内置模板发送。Such a message is sent by the built-in template."
    return Check((TextProblem(Mark(error.line or 1, 1), "", "not-rendered", message, hint),))


async def _make_words(
    db: AsyncConnection,
    act: Act,
    asked: PreviewQuestion,
    installation: IngestSettings,
    signature: str,
) -> Words:
    if asked.unit_id is None:
        return make_example(asked.kind, signature)
    unit = await get_unit(db, act, asked.unit_id)
    office = (await offices.get_office(db, act.office_id)).name
    today = (await get_office_day(db, act.office_id, act.now)).today
    door = _make_door(asked.kind, installation, today)
    if asked.kind is TemplateKind.LINK_MAIL:
        shown = door or Door(f"https://portal.example/u/{MASK}", MASK, today + _SHOWN_FOR)
        return make_link_words(office, unit.name, shown)
    query = LedgerQuery(units=(str(unit.unit_id),), statuses=_OPEN)
    page = LedgerPage(MOST_ITEMS, LedgerSort.DUE)
    owed = await list_items(db, act, query, page)
    dated = [item for item in owed if item.due_on is not None]
    if not dated:
        raise RefusedError(
            Fault.CONFLICT,
            "该单位现在没有带期限的未办结事项。The unit owes nothing with a date now.",
            "请换一个单位，或不指定单位（`unit_id`），用示例预览。"
            "Name another unit, or none (`unit_id`), to see an example.",
        )
    calendar = await get_calendar(db, act.office_id)
    digest = Digest(
        office=office,
        unit=unit.name,
        audience=asked.audience,
        plan_title=dated[0].plan or "",
        items=_make_items(dated, today, calendar),
        slot_day=today,
        today=today,
        door=door,
    )
    return make_digest_words(asked.kind, digest, signature)


def _make_items(
    owed: Sequence[LedgerItem], today: date, calendar: WorkingCalendar
) -> list[ReminderItem]:
    """Obligations with a date, as a reminder of today shows them."""
    several = len({item.plan_id for item in owed}) > 1
    return [
        ReminderItem(
            obligation_id=item.obligation_id,
            ref=item.ref,
            task_name=item.task_name,
            text=item.text,
            kind=_KINDS[item.kind, item.due_on < today],
            due_on=item.due_on,
            working_days=calendar.count_between(today, item.due_on),
            plan=(item.plan or "") if several else "",
        )
        for item in owed
        if item.due_on is not None
    ]


def _make_door(kind: TemplateKind, installation: IngestSettings, today: date) -> Door | None:
    """A way into the portal that opens nothing; None where messages have none."""
    has_links = installation.portal_url and installation.link_keys.get_secret_value()
    if not has_links or kind is TemplateKind.DIGEST_GROUP:
        return None
    address = f"{installation.portal_url}/u"
    if kind is TemplateKind.DIGEST_SMS:
        return Door(address, "00000000", today + timedelta(days=CODE_DAYS))
    return Door(f"{address}/{MASK}", MASK, today + _SHOWN_FOR)
