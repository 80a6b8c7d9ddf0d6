"""The contacts of a unit: who holds each post, and when. Pure.

All holders of a post share its `contact_id` and are listed by first day. A notification goes to
the one who holds the post when it is sent. A stored contact has `contact_id`, `post`, `name`,
`email`, `mobile`, and optionally `valid_from` and `valid_to` as ISO dates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.units.cells import ERASE, parse_cell
from shared.schemas import identity
from shared.schemas.rules import Audience

Holder = dict[str, Any]
"""One person in one post, as stored."""
_ADDRESSES = ("email", "mobile")
_PERSON = ("name", *_ADDRESSES)
_DAYS = ("valid_from", "valid_to")
PARTS = (*_PERSON, *_DAYS)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewContact:
    """A person who takes over a post, and on which days; without a first day at once."""

    post: Audience
    name: str
    email: str
    mobile: str
    valid_from: date | None
    valid_to: date | None

    def to_parts(self) -> dict[str, str]:
        """The normalised parts of the contact, as `make_holder` takes them.

        Raises:
            RefusedError: no address, or an invalid part; `details` names it.
        """
        parts: dict[str, str] = {}
        faults: list[dict[str, str]] = []
        for part in PARTS:
            try:
                text = str(getattr(self, part) or "")
                value = parse_cell(f"{self.post.value}_{part}", text)
                parts[part] = "" if value == ERASE else value
            except ValueError as error:
                faults.append({"where": part, "message": str(error)})
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            faults.append(
                {
                    "where": "valid_to",
                    "message": "截止日期早于起始日期。The last day is before the first.",
                }
            )
        if not faults and not (parts["email"] or parts["mobile"]):
            faults.append(
                {
                    "where": "email",
                    "message": "请填写邮箱或手机号。Give an e-mail address or a mobile.",
                }
            )
        if faults:
            raise RefusedError(
                Fault.INVALID, "联系人未登记。The contact was not entered.", details=faults
            )
        return parts


def make_holder(unit_id: UUID, post: Audience, parts: Mapping[str, str | None]) -> Holder:
    """A holder of a post, from some of PARTS."""
    person = {part: parts.get(part) or "" for part in _PERSON}
    days = {part: day for part in _DAYS if (day := parts.get(part))}
    contact_id = str(identity.derive_contact_id(unit_id, post.value, 0))
    return {"contact_id": contact_id, "post": post.value, **person, **days}


def replace_holder(holders: Sequence[Holder], new: Holder, today: date) -> list[Holder]:
    """The holders of a post after `new` takes over; later successors are dropped.

    If the first day of `new` is to come, the present holder stays until the day before.
    Otherwise `new` is the only holder, so that notifications held up by an outage go to them too.
    """
    first: str = new.get("valid_from", "")
    if first <= today.isoformat():
        return [new]
    last = (date.fromisoformat(first) - _DAY).isoformat()
    staying = [
        holder | {"valid_to": min(holder.get("valid_to", last), last)}
        for holder in holders
        if holder.get("valid_from", "") < first
        and holder.get("valid_to", first) >= today.isoformat()
    ]
    return [*staying, new]


def find_holder(contacts: Sequence[Holder], contact_id: UUID, today: date) -> Holder | None:
    """Who holds a contact's post today; the last listed, as for the notifier."""
    day = today.isoformat()
    holders = [
        each
        for each in contacts
        if each["contact_id"] == str(contact_id)
        and each.get("valid_from", "") <= day <= each.get("valid_to", day)
    ]
    return holders[-1] if holders else None


def correct_holder(
    unit_id: UUID, holders: Sequence[Holder], post: Audience, parts: Mapping[str, str], today: date
) -> list[Holder]:
    """The holders of a post after the present one has name and addresses of `parts`.

    The days of all stay. Where nobody holds the post today, someone new does from now on, until
    the next one begins.
    """
    new = make_holder(unit_id, post, parts)
    present = find_holder(holders, UUID(new["contact_id"]), today)
    if present is not None:
        return [{**each, **parts} if each is present else each for each in holders]
    coming = [each for each in holders if each.get("valid_from", "") > today.isoformat()]
    if coming:
        first = min(each["valid_from"] for each in coming)
        new["valid_to"] = (date.fromisoformat(first) - _DAY).isoformat()
    return [new, *coming]


def merge_contacts(
    unit_id: UUID,
    contacts: Sequence[Holder],
    described: Mapping[Audience, Mapping[str, str]],
    today: date,
) -> list[Holder]:
    """A unit's contacts after a file describes some posts; other posts and parts stay.

    Of several holders of a post, the file describes the one whose address it gives, else the
    last. Someone new with a first day to come takes over on that day. The days of the holder
    before do not pass to another address.
    """
    merged: list[Holder] = []
    for post in Audience:
        holders = [contact for contact in contacts if contact["post"] == post.value]
        if post in described:
            merged += _merge_post(unit_id, post, holders, described[post], today)
        else:
            merged += holders
    return merged


def _merge_post(
    unit_id: UUID, post: Audience, holders: list[Holder], parts: Mapping[str, str], today: date
) -> list[Holder]:
    known = [
        holder
        for holder in holders
        if any(holder[part] and holder[part] == parts.get(part) for part in _ADDRESSES)
    ]
    if holders and not known and parts.get("valid_from", "") > today.isoformat():
        return replace_holder(holders, make_holder(unit_id, post, parts), today)
    described = known[0] if known else holders[-1] if holders else {}
    is_new = not known and any(parts.get(part) for part in _ADDRESSES)
    old_parts = {part: described.get(part) for part in (_PERSON if is_new else PARTS)}
    person = make_holder(unit_id, post, old_parts | dict(parts))
    kept = [holder for holder in holders if holder is not described]
    if not any(person[part] for part in _PERSON):
        return kept
    return sorted([*kept, person], key=lambda holder: str(holder.get("valid_from", "")))
