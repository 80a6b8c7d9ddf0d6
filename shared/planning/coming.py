"""The next occurrences of an office's rules for one obligation. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.planning.expected import Era, keep_version_steps
from shared.planning.possible import ObligationLife
from shared.planning.silencing import find_mute
from shared.rules.steps import Hearer, list_hearers
from shared.schemas.mutes import Mute


@dataclass(frozen=True, slots=True)
class ComingReminder:
    """The next occurrence of a rule; `mute` silences it, as things are now."""

    slot: datetime
    rule_id: str
    version: int
    overdue: int
    hearers: tuple[Hearer, ...]
    mute: Mute | None = None


def list_coming(
    eras: Sequence[Era], life: ObligationLife, now: datetime, until: datetime | None = None
) -> list[ComingReminder]:
    """The next occurrence of each rule after now, rising, while it is owed.

    With `until`: all occurrences up to it.
    """
    version = life.states[-1].version
    if not eras or not version.owed:
        return []
    timetable, mutes = eras[-1].timetable, life.history.mutes
    coming = []
    for rule in timetable.book.rules:
        if until is not None:
            chosen = timetable.list_between(rule, version.dates, now, until)
        else:
            first = timetable.find_first(rule, version.dates, now)
            chosen = [first] if first else []
        coming += [
            ComingReminder(
                each.slot,
                rule.rule_id,
                timetable.book.version,
                each.overdue,
                list_hearers(
                    keep_version_steps(timetable, version, rule, each), each, version.dates.traits
                ),
                find_mute(mutes, rule.rule_id, each.slot),
            )
            for each in chosen
            if each.slot > now
        ]
    return sorted(coming, key=lambda each: (each.slot, each.rule_id))
