"""What a directory's file changes of a unit, field by field, and what it erases. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.units.contacts import PARTS, Holder
from services.ingest.handlers.units.file import Faults, UnitRow
from services.ingest.handlers.units.units import get_facts
from services.ingest.store.rows import StoredUnit
from shared.schemas.rules import Audience

_MOST_SHOWN = 100
Value = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: `kind`, `groups`, `liaison_email`, or `liaison` for several holders of a post."""

    field: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class UnitChange:
    """What a file changes of a unit. `written` is its name in the file."""

    unit_id: UUID
    name: str
    written: str
    fields: tuple[FieldChange, ...]


def list_erased(rows: Sequence[UnitRow], changes: Sequence[UnitChange]) -> Faults:
    """The fields that lose their value because a row says so, each with its place.

    `rows` are those that the changes come from, in their order.
    """
    erased: Faults = []
    for row, change in zip(rows, changes, strict=True):
        for each in change.fields:
            if each.before and not each.after and _is_erased(row, each.field):
                before = each.before if isinstance(each.before, str) else "、".join(each.before)
                message = f"{change.name} {each.field}: {before} → -"
                erased.append({"where": row.where, "column": each.field, "message": message})
    return erased


def _is_erased(row: UnitRow, field: str) -> bool:
    """Whether the row empties a field itself, and not only through another one."""
    post, _, part = field.partition("_")
    if post in set(Audience):
        given = row.contacts.get(Audience(post), {})
        return given.get(part) == "" if part else "" in given.values()
    return not getattr(row, field)


def make_erasing_refusal(erased: Faults) -> RefusedError:
    """The refusal of a file that empties fields, until that is confirmed."""
    return RefusedError(
        Fault.CONFLICT,
        f"文件中的“-”将清空 {len(erased)} 项。The file erases {len(erased)} fields with dashes.",
        "确认无误后，请同意清空（`erase`）再导入。"
        "If that is meant, agree to it and import again (`erase`).",
        erased[:_MOST_SHOWN],
    )


def describe_change(old: StoredUnit, after: Mapping[str, Any], written: str) -> UnitChange:
    """What differs between a unit and its new FACTS; `written` is its name in the file."""
    before = get_facts(old)
    fields = [
        FieldChange(name, _freeze(before[name]), _freeze(after[name]))
        for name in ("kind", "groups", "aliases")
        if before[name] != after[name]
    ]
    for post in Audience:
        held, holding = (
            [contact for contact in contacts if contact["post"] == post.value]
            for contacts in (before["contacts"], after["contacts"])
        )
        fields += _compare_post(post, held, holding)
    return UnitChange(after["unit_id"], after["name"], written, tuple(fields))


def _freeze(value: str | Sequence[str]) -> Value:
    return value if isinstance(value, str) else tuple(value)


def _compare_post(
    post: Audience, old: Sequence[Holder], new: Sequence[Holder]
) -> list[FieldChange]:
    """The changes of a post: part by part for one holder, as one field for several."""
    if max(len(old), len(new)) > 1:
        before, after = (tuple(map(_format_holder, holders)) for holders in (old, new))
        return [FieldChange(post.value, before, after)] if before != after else []
    old_parts, new_parts = old[0] if old else {}, new[0] if new else {}
    return [
        FieldChange(f"{post.value}_{part}", old_parts.get(part, ""), new_parts.get(part, ""))
        for part in PARTS
        if old_parts.get(part, "") != new_parts.get(part, "")
    ]


def _format_holder(holder: Holder) -> str:
    first = f"from {holder['valid_from']}" if "valid_from" in holder else ""
    last = f"until {holder['valid_to']}" if "valid_to" in holder else ""
    parts = (holder["name"], holder["email"], holder["mobile"], first, last)
    return " ".join(filter(None, parts))
