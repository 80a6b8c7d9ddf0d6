"""Which obligations a rule is for: conditions, combined by all, any and not. Pure."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, Self, TypeVar
from uuid import UUID

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from shared.rules.base import RuleModel
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind

T = TypeVar("T")
_MOST = 100
_DEEPEST = 10


def _take_one(value: object) -> object:
    """A value alone is a list of one."""
    return value if value is None or isinstance(value, list | tuple) else (value,)


def _describe_list(words: list[str] | None = None) -> WithJsonSchema:
    """JSON Schema of a value or a list of values."""
    item: dict[str, Any] = {"type": "string", "minLength": 1}
    if words is not None:
        item = {"enum": [str(word) for word in words]}
    several = {"type": "array", "items": item, "minItems": 1, "maxItems": _MOST}
    return WithJsonSchema({"anyOf": [item, several]})


_Name = Annotated[str, Field(min_length=1, max_length=200)]
_Several = Field(min_length=1, max_length=_MOST)
Names = Annotated[tuple[_Name, ...], _Several, BeforeValidator(_take_one), _describe_list()]
Kinds = Annotated[
    tuple[ObligationKind, ...],
    _Several,
    BeforeValidator(_take_one),
    _describe_list([*ObligationKind]),
]
Lights = Annotated[
    tuple[Light, ...], _Several, BeforeValidator(_take_one), _describe_list([*Light])
]
Statuses = Annotated[
    tuple[ObligationStatus, ...],
    _Several,
    BeforeValidator(_take_one),
    _describe_list([*ObligationStatus]),
]


class Reached(RuleModel):
    """The share of a target that is reached, in percent: `at_least` or more, less than `below`."""

    at_least: int | None = Field(default=None, ge=0, le=1000)
    below: int | None = Field(default=None, ge=0, le=1000)


class Select(RuleModel):
    """Conditions on an obligation. All that are named must hold; of a list, one value.

    Attributes:
        kind: deadline or hearing.
        category: of the task, as the plan has it.
        task: the number of a task (`16`: all its measures) or of a measure (`16.2`).
        unit: names of units.
        unit_kind: kinds of units, as the directory has them.
        group: groups of units; one of the unit's groups is among them.
        light: the light on the day of the reminder.
        status: the status in the ledger.
        lead: whether the unit leads the task.
        quantity: how much of the target is reached.
        all, any: further conditions, of which all hold, or one.
        not_: conditions that do not all hold.
    """

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    kind: Kinds | None = None
    category: Names | None = None
    task: Names | None = None
    unit: Names | None = None
    unit_kind: Names | None = None
    group: Names | None = None
    light: Lights | None = None
    status: Statuses | None = None
    lead: bool | None = None
    quantity: Reached | None = None
    all: tuple["Select", ...] | None = Field(default=None, min_length=1, max_length=20)
    any: tuple["Select", ...] | None = Field(default=None, min_length=1, max_length=20)
    not_: "Select | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.list_named():
            raise ValueError("没有写任何条件。It names no condition.")
        if self.count_levels() > _DEEPEST:
            raise ValueError(f"条件嵌套最多 {_DEEPEST} 层。Conditions nest {_DEEPEST} levels deep.")
        return self

    def list_inner(self) -> list["Select"]:
        """The conditions directly within."""
        return [*(self.all or ()), *(self.any or ()), *([self.not_] if self.not_ else [])]

    def count_levels(self) -> int:
        """How deep conditions are nested; 1 without any within."""
        return 1 + max((each.count_levels() for each in self.list_inner()), default=0)

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value is not None}

    def list_named(self) -> list[str]:
        """The fields that are set."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True)
class Traits:
    """What conditions ask of an obligation, beside its kind and its dates.

    A trait that no event has told is empty: a condition on it does not hold, and its negation does.

    Attributes:
        ref: the number of its measure.
        reached: the share of its target in percent; None without a target or a report of it.
        progressed_at: when progress was last reported.
        lead_units: the units that lead its measure; None among them is the unit that owes it.
        office_units: the office's own unit, if it has one; None is the unit that owes it.
    """

    lead: bool = False
    ref: str = ""
    category: str = ""
    unit: str = ""
    unit_kind: str = ""
    groups: frozenset[str] = frozenset()
    status: ObligationStatus = ObligationStatus.ASSIGNED
    reached: float | None = None
    progressed_at: datetime | None = None
    lead_units: tuple[UUID | None, ...] = ()
    office_units: tuple[UUID | None, ...] = ()


NOTHING_TOLD: Final = Traits()


_FIELDS = {
    "category": "category",
    "task": "ref",
    "unit": "unit",
    "unit_kind": "unit_kind",
    "group": "groups",
    "status": "status",
    "lead": "lead",
    "quantity": "reached",
}
"""The conditions on traits, and the trait that each asks for."""


def compute_share(reported: float | None, target: float | None) -> float | None:
    """The reported share of a target in percent; None where one of them is missing, or 0."""
    if reported is None or not target:
        return None
    return reported * 100 / target


UNIT_TRAITS: Final = frozenset({"unit", "unit_kind", "groups"})
MEASURE_TRAITS: Final = frozenset({"category", "reached"})
PROGRESS_TRAITS: Final = frozenset({"status", "reached", "progressed_at"})
"""Which traits depend on the unit, on the measure, and on what is reported."""
LEAD_UNITS: Final = "lead_units"
"""The trait that depends on what other units owe."""
OFFICE_UNITS: Final = "office_units"
"""The trait that depends on the office's settings."""


def list_asked(select: Select | None) -> frozenset[str]:
    """The fields of `Traits` that conditions ask for, those within them too."""
    if select is None:
        return frozenset()
    own = (trait for name, trait in _FIELDS.items() if getattr(select, name) is not None)
    return frozenset(own).union(*map(list_asked, select.list_inner()))


def keep_asked(traits: Traits | None, asked: Collection[str]) -> Traits | None:
    """The traits that are asked for; the others as if nobody had told them. None stays None."""
    if traits is None:
        return None
    return Traits(**{name: getattr(traits, name) for name in asked})


@dataclass(frozen=True, slots=True)
class JudgedObligation:
    """An obligation on one day, as conditions see it; `traits` is None while they are not known."""

    kind: ObligationKind
    light: Light
    traits: Traits | None = field(default_factory=Traits)


def is_selected(select: Select, subject: JudgedObligation) -> bool:
    """Whether all conditions hold for an obligation on a day; its traits are known."""
    return judge(select, subject) is True


def judge(select: Select, subject: JudgedObligation) -> bool | None:
    """Whether all conditions hold; None when it depends on traits that are not known."""
    negated = None if select.not_ is None else judge(select.not_, subject)
    return _join_all(
        (
            _is_among(select.kind, subject.kind),
            _is_among(select.light, subject.light),
            _judge_traits(select, subject.traits),
            _join_all(judge(each, subject) for each in select.all or ()),
            select.any is None or _join_any(judge(each, subject) for each in select.any),
            True if select.not_ is None else None if negated is None else not negated,
        )
    )


def _join_all(verdicts: Iterable[bool | None]) -> bool | None:
    listed = list(verdicts)
    return False if False in listed else None if None in listed else True


def _join_any(verdicts: Iterable[bool | None]) -> bool | None:
    listed = list(verdicts)
    return True if True in listed else None if None in listed else False


def _judge_traits(select: Select, traits: Traits | None) -> bool | None:
    if not any(getattr(select, name) is not None for name in _FIELDS):
        return True
    if traits is None:
        return None
    return (
        _is_among(select.category, traits.category)
        and _has_any(select.task, lambda task: is_within_task(traits.ref, task))
        and _is_among(select.unit, traits.unit)
        and _is_among(select.unit_kind, traits.unit_kind)
        and _has_any(select.group, lambda group: group in traits.groups)
        and _is_among(select.status, traits.status)
        and select.lead in {None, traits.lead}
        and _is_reached(select.quantity, traits.reached)
    )


def _is_among(values: tuple[T, ...] | None, value: T) -> bool:
    return values is None or value in values


def _has_any(values: tuple[str, ...] | None, holds: Callable[[str], bool]) -> bool:
    return values is None or any(map(holds, values))


def is_within_task(ref: str, task: str) -> bool:
    """Whether a measure's number is that of a task or of one of its measures (16.2 is of 16)."""
    return ref == task or ref.startswith(f"{task}.")


def _is_reached(bounds: Reached | None, share: float | None) -> bool:
    if bounds is None:
        return True
    if share is None:
        return False
    above = bounds.at_least is None or share >= bounds.at_least
    return above and (bounds.below is None or share < bounds.below)
