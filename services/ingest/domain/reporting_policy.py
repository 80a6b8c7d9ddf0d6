"""How an office handles what units report: its settings, with their defaults. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.schemas.life import Joint, ObligationStatus

PAUSABLE = frozenset(
    {ObligationStatus.ACCEPTED, ObligationStatus.IN_PROGRESS, ObligationStatus.SUBMITTED}
)
"""Statuses in which an office may stop reminders; in the others the rules are fixed."""


@dataclass(frozen=True, slots=True)
class ReportingPolicy:
    """The settings of an office.

    Attributes:
        review: the office reviews what a unit submits; without it that is done at once.
        quiet: statuses in which no reminders are sent, of `PAUSABLE`.
        joint: who reports for a duty of several units, where plan and measure say nothing.
    """

    review: bool = True
    quiet: frozenset[ObligationStatus] = frozenset({ObligationStatus.SUBMITTED})
    joint: Joint = Joint.EACH


def read_policy(settings: Mapping[str, Any] | None) -> ReportingPolicy:
    """The policy that stored settings say; the default one for None."""
    if settings is None:
        return ReportingPolicy()
    return ReportingPolicy(
        review=settings["review"],
        quiet=frozenset(map(ObligationStatus, settings["quiet"])),
        joint=Joint(settings.get("joint", Joint.EACH)),
    )


def write_policy(policy: ReportingPolicy) -> dict[str, Any]:
    """The policy as it is stored."""
    return {
        "review": policy.review,
        "quiet": sorted(policy.quiet),
        "joint": policy.joint,
    }
