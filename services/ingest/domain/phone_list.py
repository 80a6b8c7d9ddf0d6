"""Whom a person must phone: what machines did not deliver and is still owed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.ingest.domain.words import CHANNELS, REASONS
from shared.schemas.rules import Audience


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a post on a day; empty texts where nobody does, or there is no number."""

    name: str = ""
    mobile: str = ""


@dataclass(frozen=True, slots=True)
class Unreached:
    """A message that reached nobody: to which post, about what, and why."""

    unit_id: UUID
    unit: str
    audience: Audience
    channel: str
    cause: str
    slot: datetime
    obligation_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class PhoneEntry:
    """A post to phone: who holds it, what it was not told of, and why not.

    Attributes:
        others: further people of the unit with a mobile number, as name and number.
        why: the causes by channel, in Chinese.
        last: the slot of the newest message that did not reach it.
    """

    unit_id: UUID
    unit: str
    audience: Audience
    holder: Holder
    others: tuple[Holder, ...]
    obligation_ids: tuple[UUID, ...]
    why: str
    last: datetime


def group_unreached(
    unreached: Iterable[Unreached],
    contacts: Mapping[UUID, Sequence[dict[str, Any]]],
    owed: set[UUID],
    today: date,
) -> list[PhoneEntry]:
    """One entry for each unit and post that owes something, by unit and post.

    Args:
        unreached: the newest first.
        contacts: of each unit, as the directory stores them.
        owed: the obligations that are still owed.
        today: at the office.
    """
    groups: dict[tuple[str, UUID, Audience], list[Unreached]] = {}
    for message in unreached:
        groups.setdefault((message.unit, message.unit_id, message.audience), []).append(message)
    order = list(Audience)
    entries = []
    for unit, unit_id, audience in sorted(groups, key=lambda key: (key[0], order.index(key[2]))):
        messages = groups[unit, unit_id, audience]
        about = dict.fromkeys(each for message in messages for each in message.obligation_ids)
        if not (open_ones := tuple(each for each in about if each in owed)):
            continue
        of_unit = _list_current(contacts.get(unit_id, ()), today)
        holder = next((person for post, person in of_unit if post == audience), Holder())
        others = tuple(
            dict.fromkeys(person for _, person in of_unit if person.mobile and person != holder)
        )
        why = _describe_causes(messages)
        last = messages[0].slot
        entries.append(PhoneEntry(unit_id, unit, audience, holder, others, open_ones, why, last))
    return entries


def _list_current(contacts: Sequence[dict[str, Any]], today: date) -> list[tuple[str, Holder]]:
    """The post and the person of each contact who holds it today; of several the last one first."""
    day = today.isoformat()
    return [
        (each["post"], Holder(each.get("name") or "", each.get("mobile") or ""))
        for each in reversed(contacts)
        if (each.get("valid_from") or day) <= day <= (each.get("valid_to") or day)
    ]


def _describe_causes(messages: Iterable[Unreached]) -> str:
    """Such as `短信：地址无效；邮件：网关繁忙`."""
    pairs = dict.fromkeys((message.channel, message.cause) for message in messages)
    return "；".join(
        f"{CHANNELS.get(channel, channel)}：{REASONS.get(cause, cause)}" for channel, cause in pairs
    )
