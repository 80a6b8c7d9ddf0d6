"""The rules that offices started with, release by release, and who still follows them. Pure.

A developer who changes the default rules adds the earlier ones to `_EARLIER`; a test compares
digests.
"""

from collections.abc import Iterable

from shared.rules.book import Rule, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.moments import BeforeDue, OnDates, When, WhileOverdue
from shared.schemas.rules import Audience, Channel, ObligationKind

Rules = tuple[Rule, ...]


def _make_first() -> Rules:
    """The rules of the first release: they announce nothing."""

    def make_rule(rule_id: str, kind: ObligationKind, before: When) -> Rule:
        return Rule(
            rule_id=rule_id,
            kinds=(kind,),
            when=(before, WhileOverdue(every_working_days=3)),
            who=(
                Step(audience=Audience.LIAISON),
                Step(audience=Audience.DEPUTY, from_overdue=4),
                Step(audience=Audience.HEAD, from_overdue=7),
            ),
            channels=(Channel.EMAIL, Channel.SMS),
        )

    dates = OnDates(days=("06-30", "09-30", "11-01", "12-01"))
    return (
        make_rule(
            "deadline",
            ObligationKind.DEADLINE,
            BeforeDue(working_days=(30, 15, 7, 3, 1, 0)),
        ),
        make_rule("hearing", ObligationKind.HEARING, dates),
    )


_EARLIER: tuple[Rules, ...] = (_make_first(),)
DEFAULTS: tuple[Rules, ...] = (*_EARLIER, make_default_rule_book().rules)
"""The default rules of each release that changed them, the oldest first; the last are present."""


def is_outdated(rules: Rules) -> bool:
    """Whether these are default rules of an earlier release."""
    return rules in _EARLIER


def has_followed(published: Iterable[Rules]) -> bool:
    """Whether an office's rules, the oldest first, were always the default ones.

    An office that published rules of its own, or those of an earlier release, decided otherwise.
    """
    reached = 0
    for rules in published:
        if rules not in DEFAULTS[reached:]:
            return False
        reached = DEFAULTS.index(rules)
    return True
