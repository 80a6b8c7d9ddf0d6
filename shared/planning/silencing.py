"""What is not sent on purpose when a slot fires: muted, inhibited, left out by catch-up. Pure."""

from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from shared.rules.book import Rule
from shared.rules.occurrences import Occurrence
from shared.rules.selecting import Traits
from shared.rules.steps import Hearer, list_hearers, list_inhibited, list_without_unit
from shared.schemas.mutes import Mute, NotFired, NotFiredReason
from shared.schemas.rules import Audience, Post


class SlotContent(Protocol):
    """What an audience is told in a slot."""

    def remove(self, obligation_id: UUID) -> list[Rule]:
        """Leave an obligation out of what the unit itself is told; the rules that named it."""
        ...

    def is_empty(self) -> bool:
        """Whether nothing is told."""
        ...


D = TypeVar("D", bound=SlotContent)


def list_concerning(
    mutes: Iterable[Mute], unit_id: UUID, measure_id: UUID | None
) -> tuple[Mute, ...]:
    """The mutes that can silence an obligation of a unit and a measure."""
    return tuple(mute for mute in mutes if mute.is_about(unit_id, measure_id))


def find_mute(mutes: Iterable[Mute], rule_id: str, slot: datetime) -> Mute | None:
    """The first of an obligation's mutes that holds for a rule in a slot; None when none does."""
    return next((mute for mute in mutes if mute.is_holding(rule_id, slot)), None)


@dataclass(slots=True)
class Silence:
    """Decides what is not sent of one unit's due timers, and notes it in `not_fired`."""

    unit_id: UUID
    mutes: Sequence[Mute]
    not_fired: list[NotFired] = field(default_factory=list)
    _inhibited: set[tuple[datetime, UUID, Audience]] = field(default_factory=set)

    def choose_hearers(
        self,
        rule: Rule,
        occurrence: Occurrence,
        traits: Traits,
        obligation_id: UUID,
        measure_id: UUID | None,
    ) -> tuple[Hearer, ...]:
        """Who hears of an obligation's occurrence; nobody when a mute holds for it.

        `rule` has the steps that hold for the obligation; `traits` are those of the obligation.
        """
        hearers = list_hearers(rule, occurrence, traits)
        mutes = list_concerning(self.mutes, self.unit_id, measure_id) if self.mutes else ()
        mute = find_mute(mutes, rule.rule_id, occurrence.slot)
        if mute is not None:
            reason, slot = NotFiredReason.MUTED, occurrence.slot
            self._note_hearers(obligation_id, rule, slot, hearers, reason=reason, mute=mute)
            return ()
        for whose, audience in list_without_unit(rule, occurrence, traits):
            reason = NotFiredReason.NO_UNIT
            self._note(obligation_id, rule, occurrence.slot, (audience,), reason=reason, of=whose)
        for audience in list_inhibited(rule, occurrence, traits):
            self._inhibited.add((occurrence.slot, obligation_id, audience))
        return hearers

    def note_left_out(
        self, rule: Rule, occurrence: Occurrence, traits: Traits, obligation_id: UUID
    ) -> None:
        """Note an occurrence that catch-up left out; `rule` and `traits` as above."""
        hearers = list_hearers(rule, occurrence, traits)
        reason = NotFiredReason.CATCH_UP
        self._note_hearers(obligation_id, rule, occurrence.slot, hearers, reason=reason)

    def drop_inhibited(self, digests: MutableMapping[tuple[datetime, Audience], D]) -> None:
        """Remove from the digests what an audience is not told because a higher post is."""
        for slot, obligation_id, audience in sorted(self._inhibited):
            digest = digests.get((slot, audience))
            if digest is None:
                continue
            for rule in digest.remove(obligation_id):
                self._note(obligation_id, rule, slot, (audience,), reason=NotFiredReason.INHIBITED)
            if digest.is_empty():
                del digests[slot, audience]

    def _note_hearers(
        self,
        obligation_id: UUID,
        rule: Rule,
        slot: datetime,
        hearers: Sequence[Hearer],
        *,
        reason: NotFiredReason,
        mute: Mute | None = None,
    ) -> None:
        for whose in dict.fromkeys(hearer.of for hearer in hearers):
            of_whose = (hearer.audience for hearer in hearers if hearer.of is whose)
            audiences = tuple(dict.fromkeys(of_whose))
            self._note(obligation_id, rule, slot, audiences, reason=reason, mute=mute, of=whose)

    def _note(
        self,
        obligation_id: UUID,
        rule: Rule,
        slot: datetime,
        audiences: tuple[Audience, ...],
        *,
        reason: NotFiredReason,
        mute: Mute | None = None,
        of: Post = Post.UNIT,
    ) -> None:
        self.not_fired.append(
            NotFired(
                obligation_id=obligation_id,
                rule_id=rule.rule_id,
                slot=slot,
                audiences=audiences,
                reason=reason,
                mute_id=mute.mute_id if mute else None,
                actor=mute.muted_by if mute else "",
                note=mute.reason if mute else "",
                of=of,
            )
        )
