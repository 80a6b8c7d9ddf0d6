"""Rules and rule books: which obligations, when, which audience, and which channels."""

from collections import Counter
from datetime import time
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_serializer,
    model_validator,
)

from shared.rules.base import RuleModel
from shared.rules.moments import Cron, When
from shared.rules.selecting import Select
from shared.schemas.office import Hours
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind, Post
from shared.schemas.values import Zone

EXTENDED: Final = "extended"
"""A word among the written `kinds` of a rule that has a field of `_ADDED`. A release that does not
know those fields does not know the word either: it parks the book, and ignores no field."""
_ADDED = ("select", "timezone", "how")
_ADDED_TO_STEP = ("of", "ends_with", "within_days", "inhibits")
_TIME = {"type": "string", "pattern": r"^\d{1,2}:\d{2}(:\d{2})?", "examples": ["09:00"]}


def _read_time(written: object) -> object:
    """A time of day as text has a colon: `0900` and `9` would be read as seconds."""
    if isinstance(written, str) and written.replace(".", "").isdigit():
        raise ValueError("时刻写作 HH:MM，如 09:00。Write it as HH:MM.")
    if isinstance(written, str) and written[1:2] == ":":
        return f"0{written}"
    return written


ClockTime = Annotated[time, BeforeValidator(_read_time), WithJsonSchema(_TIME)]


class StepEnd(StrEnum):
    """What ends a step: its audience is not reminded any more."""

    DONE = "done"
    SUBMITTED = "submitted"
    PROGRESS = "progress"
    ACCEPTED = "accepted"


class Step(RuleModel):
    """An audience, and from which overdue reminder on it is reminded; 0 means every reminder.

    Attributes:
        of: whose post it is; None: that of the unit.
        ends_with: what ends the step.
        within_days: with `progress`: only progress of the last so many days counts.
        inhibits: lower posts of the unit. When this step's post is told of an obligation in a slot,
            they are not, by any rule.
    """

    audience: Audience
    from_overdue: int = Field(default=0, ge=0, le=100_000)
    of: Post | None = None
    ends_with: StepEnd | None = None
    within_days: int | None = Field(default=None, ge=1, le=366)
    inhibits: tuple[Audience, ...] | None = Field(default=None, min_length=1, max_length=2)

    @field_validator("inhibits")
    @classmethod
    def _inhibit_lower_posts(
        cls, inhibits: tuple[Audience, ...] | None, earlier: ValidationInfo
    ) -> tuple[Audience, ...] | None:
        """Only lower posts: so two steps can't inhibit each other."""
        ranks = list(Audience)
        own = earlier.data.get("audience")
        if inhibits and own and any(ranks.index(each) >= ranks.index(own) for each in inhibits):
            raise ValueError(
                "只能写比本级低的岗位：联络员、分管领导。"
                "Only posts below this one: the liaison, the deputy."
            )
        return inhibits

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _leave_out(write(self), _ADDED_TO_STEP)


class ChannelOrder(StrEnum):
    """All channels at once, or the next one when the one before failed or was not answered."""

    TOGETHER = "together"
    IN_ORDER = "in-order"


class Urgency(StrEnum):
    """At once, or together with the unit's other reminders of the slot."""

    DIGEST = "digest"
    URGENT = "urgent"


class How(RuleModel):
    """How it is sent. What is None is as the office's settings have it.

    Attributes:
        order: of the rule's channels.
        answer_within_hours: with `in-order`: how long a channel waits for an answer.
        template: the name of a template that the office has published.
        urgency: at once or in the digest.
        quiet_hours: when nothing is sent by this rule.
        daily_limit: messages to one recipient in a day.
        useful_days: for how many days after its slot it is still sent.
    """

    order: ChannelOrder | None = None
    answer_within_hours: int | None = Field(default=None, ge=1, le=24 * 14)
    template: str | None = Field(default=None, min_length=1, max_length=64)
    urgency: Urgency | None = None
    quiet_hours: Hours | None = None
    daily_limit: int | None = Field(default=None, ge=1, le=1000)
    useful_days: int | None = Field(default=None, ge=1, le=366)


_KIND_SCHEMA = WithJsonSchema(
    {
        "type": "array",
        "items": {"enum": [*(kind.value for kind in ObligationKind), EXTENDED]},
        "minItems": 1,
        "maxItems": 20,
        "default": [kind.value for kind in ObligationKind],
    }
)


def _drop_extended(kinds: object) -> object:
    if isinstance(kinds, list | tuple):
        return [kind for kind in kinds if kind != EXTENDED]
    return kinds


class Rule(RuleModel):
    """A rule. `rule_id` is the office's own short name and stays when the rule changes.

    Attributes:
        kinds: a rule is for obligations of these kinds for which `select` holds.
        at: the time of day, in `timezone`, by default the book's.
        who: who hears of it.
        channels: on which channels; `how` says in which way.
        catch_up: what becomes of occurrences that an outage missed.
    """

    rule_id: str = Field(min_length=1, max_length=64)
    kinds: Annotated[tuple[ObligationKind, ...], BeforeValidator(_drop_extended), _KIND_SCHEMA] = (
        Field(default=tuple(ObligationKind), min_length=1, max_length=20)
    )
    select: Select | None = None
    when: tuple[When, ...] = Field(min_length=1, max_length=20)
    at: ClockTime = time(9, 0)
    timezone: Zone | None = None
    who: tuple[Step, ...] = Field(min_length=1, max_length=20)
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=20)
    how: How | None = None
    catch_up: CatchUp = CatchUp.LATEST

    @model_validator(mode="after")
    def _have_one_time(self) -> Self:
        for when in self.when:
            if isinstance(when, Cron) and when.at != self.at:
                raise ValueError(
                    f"cron 的时刻 {when.at:%H:%M} 须与 at 相同：一条规则每天最多提醒一次。"
                    f"The time {when.at:%H:%M} of cron is not that of at: a rule reminds once a "
                    "day at most."
                )
        return self

    @model_serializer(mode="wrap")
    def _write(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A rule without added fields is written as the first releases wrote it."""
        written = _leave_out(write(self), _ADDED)
        if self.is_extended:
            written["kinds"] = [*self.kinds, EXTENDED]
        return written

    @property
    def is_extended(self) -> bool:
        """Whether it says something that an older release would ignore."""
        steps = [step for step in self.who if _has_any(step, _ADDED_TO_STEP)]
        return bool(steps) or _has_any(self, _ADDED)


def _has_any(model: RuleModel, names: tuple[str, ...]) -> bool:
    return any(getattr(model, name) is not None for name in names)


def _leave_out(written: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in written.items() if value is not None or key not in names}


class RuleBook(RuleModel):
    """An office's rules, published whole as one numbered version."""

    version: int = Field(ge=1)
    timezone: Zone = "Asia/Shanghai"
    rules: tuple[Rule, ...] = Field(max_length=200)
    near_working_days: int = Field(default=15, ge=0, le=260)
    """From how many working days before the date the light is yellow (places differ)."""

    @field_validator("rules")
    @classmethod
    def _distinct(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = Counter(rule.rule_id for rule in rules)
        if names and names.most_common(1)[0][1] > 1:
            raise ValueError("两条规则的编号（`rule_id`）相同。Two rules share an id (`rule_id`).")
        return rules
