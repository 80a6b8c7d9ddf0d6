"""Rules and rule books: which obligations, when, which audience, and which channels."""

from datetime import time

from pydantic import Field, field_validator

from shared.rules.base import RuleModel
from shared.rules.moments import When
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind
from shared.schemas.values import Zone


class Step(RuleModel):
    """An audience, and from which overdue reminder on it is reminded; 0 means every reminder."""

    audience: Audience
    from_overdue: int = Field(default=0, ge=0, le=100_000)


class Rule(RuleModel):
    """One rule. `rule_id` is the office's own short name and stays when the rule changes."""

    rule_id: str = Field(min_length=1, max_length=64)
    kinds: tuple[ObligationKind, ...] = Field(min_length=1, max_length=20)
    when: tuple[When, ...] = Field(min_length=1, max_length=20)
    at: time = time(9, 0)
    who: tuple[Step, ...] = Field(min_length=1, max_length=20)
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=20)
    catch_up: CatchUp = CatchUp.LATEST


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
        names = [rule.rule_id for rule in rules]
        if len(set(names)) != len(names):
            raise ValueError("two rules share a rule_id")
        return rules
