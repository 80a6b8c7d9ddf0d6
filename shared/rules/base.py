"""The base of the models of the rule language."""

from pydantic import BaseModel, ConfigDict


class RuleModel(BaseModel):
    """Unknown fields are kept, so that storing a newer writer's rule book loses none of them.

    Rules that people enter are validated with `extra="forbid"`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")
