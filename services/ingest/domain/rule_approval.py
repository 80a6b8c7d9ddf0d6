"""When a rule book needs the approval of a second person. Pure."""

from dataclasses import dataclass

DEFAULT_SHARE = 20
"""Percent of the units, for an office that has not chosen another share."""
NEVER = 100
"""The share above which nothing lies."""


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """How many units with open obligations would hear something else under other rules.

    Attributes:
        units: those with open obligations.
        differing: those of them whose reminders of the next days differ.
        names: of some that differ, by name.
        share: percent of the units above which a second person approves; the office's setting.
    """

    units: int
    differing: int
    names: tuple[str, ...]
    share: int

    @property
    def needs_approval(self) -> bool:
        """Whether more than the share of the units would hear something else."""
        return self.differing * 100 > self.share * self.units
