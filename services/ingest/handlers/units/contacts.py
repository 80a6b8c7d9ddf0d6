"""Who holds the posts of a unit, one after the other. Pure.

A contact is a post; the people who follow each other in it are listed in turn under its id, so
that a notification finds whoever holds it when it is sent. As stored: `contact_id`, `post`,
`name`, `email`, `mobile`, and where they are set `valid_from` and `valid_to` as ISO dates.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.schemas import identity
from shared.schemas.rules import Audience

Holder = dict[str, Any]
_ADDRESSES = ("email", "mobile")
_PERSON = ("name", *_ADDRESSES)
_DAYS = ("valid_from", "valid_to")
PARTS = (*_PERSON, *_DAYS)
_DAY = timedelta(days=1)


def holder(unit_id: UUID, post: Audience, said: Mapping[str, str | None]) -> Holder:
    """Someone who holds a post, from what is said of them."""
    person = {part: said.get(part) or "" for part in _PERSON}
    days = {part: day for part in _DAYS if (day := said.get(part))}
    contact_id = str(identity.derive_contact_id(unit_id, post.value, 0))
    return {"contact_id": contact_id, "post": post.value, **person, **days}


def succeeded(held: Sequence[Holder], new: Holder, today: date) -> list[Holder]:
    """The post once `new` holds it from their first day on, whatever was planned from then on.

    Without a first day, or with one that has come, they hold it alone and at once: also what an
    outage held up goes to them. Otherwise the present holder stays until the day before.
    """
    first: str = new.get("valid_from", "")
    if first <= today.isoformat():
        return [new]
    last = (date.fromisoformat(first) - _DAY).isoformat()
    staying = [
        one | {"valid_to": min(one.get("valid_to", last), last)}
        for one in held
        if one.get("valid_from", "") < first and one.get("valid_to", first) >= today.isoformat()
    ]
    return [*staying, new]


def as_said(
    unit_id: UUID,
    contacts: Sequence[Holder],
    said: Mapping[Audience, Mapping[str, str]],
    today: date,
) -> list[Holder]:
    """All contacts of a unit as a file has them; posts and parts that it leaves out stay.

    Of several who follow each other, the file's person is the one whose address it gives, else
    the last. Someone new with a first day to come takes over on that day.
    """
    found: list[Holder] = []
    for post in Audience:
        held = [one for one in contacts if one["post"] == post.value]
        found += _post(unit_id, post, held, said[post], today) if post in said else held
    return found


def _post(
    unit_id: UUID, post: Audience, held: list[Holder], said: Mapping[str, str], today: date
) -> list[Holder]:
    known = [one for one in held if any(one[a] and one[a] == said.get(a) for a in _ADDRESSES)]
    if held and not known and said.get("valid_from", "") > today.isoformat():
        return succeeded(held, holder(unit_id, post, said), today)
    described = known[0] if known else held[-1] if held else {}
    person = holder(unit_id, post, {part: described.get(part) for part in PARTS} | dict(said))
    kept = [one for one in held if one is not described]
    if not any(person[part] for part in _PERSON):
        return kept
    return sorted([*kept, person], key=lambda one: str(one.get("valid_from", "")))
