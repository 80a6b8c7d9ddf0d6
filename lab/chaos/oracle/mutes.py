"""What the API was told to mute while the clock ran, and when that certainly or perhaps held. Pure.

The instants of each request and of its answer are known. A mute was recorded, and ended, between
them. Instants are in the office's time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from lab.chaos.oracle.facts import TOLERANCE, PublishedObligation


@dataclass(frozen=True, slots=True)
class MuteScope:
    """What a mute silences: all that is given must be met.

    Attributes:
        task: a plan, and the number of one of its tasks.
    """

    unit_id: UUID | None = None
    task: tuple[UUID, str] | None = None
    rule_id: str | None = None

    def is_about(self, obligation: PublishedObligation, rule_id: str) -> bool:
        """Whether it silences a rule's reminders of an obligation."""
        return (
            self.unit_id in {None, obligation.unit_id}
            and self.rule_id in {None, rule_id}
            and (self.task is None or self._has_task(obligation))
        )

    def _has_task(self, obligation: PublishedObligation) -> bool:
        if self.task is None or obligation.plan_id != self.task[0]:
            return False
        return obligation.ref.partition(".")[0] == self.task[1]


@dataclass(frozen=True, slots=True)
class ToldMute:
    """A mute that the API was told of.

    Attributes:
        until: slots from then on are not muted.
        ended: when its end was asked for and answered; None where nobody ended it early.
    """

    scope: MuteScope
    asked: datetime
    answered: datetime
    until: datetime
    ended: tuple[datetime, datetime] | None = None

    def may_hold(self, slot: datetime) -> bool:
        """Whether it may hold in a slot."""
        end = self.ended[1] + TOLERANCE if self.ended else slot
        return self.asked - TOLERANCE < slot < self.until and slot <= end

    def must_hold(self, slot: datetime) -> bool:
        """Whether it holds in a slot, whenever it was recorded and ended exactly."""
        end = self.ended[0] - TOLERANCE if self.ended else slot
        return self.answered + TOLERANCE <= slot < self.until and slot <= end


class MuteLog:
    """Every mute of a run."""

    def __init__(self, mutes: Iterable[ToldMute] = ()) -> None:
        self._mutes = list(mutes)
        self._find_possible = lru_cache(self._list_possible)
        self._find_certain = lru_cache(self._list_certain)

    def _list_possible(self, slot: datetime) -> list[MuteScope]:
        return [mute.scope for mute in self._mutes if mute.may_hold(slot)]

    def _list_certain(self, slot: datetime) -> list[MuteScope]:
        return [mute.scope for mute in self._mutes if mute.must_hold(slot)]

    def list_free(
        self, obligation: PublishedObligation, slot: datetime, rules: Iterable[str]
    ) -> set[str]:
        """Those rules whose reminder of an obligation in a slot no mute may silence."""
        mutes = self._find_possible(slot)
        return {each for each in rules if not any(m.is_about(obligation, each) for m in mutes)}

    def list_possible(
        self, obligation: PublishedObligation, slot: datetime, rules: Iterable[str]
    ) -> set[str]:
        """Those rules whose reminder of an obligation in a slot no mute certainly silences."""
        mutes = self._find_certain(slot)
        return {each for each in rules if not any(m.is_about(obligation, each) for m in mutes)}
