"""The verdict on a run: everything that was looked at from outside, and what is wrong. Pure."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.arrivals import Arrivals, Arrived, Expected
from services.scheduler.audit import Gap, UnitDay
from shared.schemas.events import RecordDeadLettered

_ZONE = ZoneInfo("Asia/Shanghai")
_ENDS = ("sent", "suppressed", "withdrawn", "dead", "pending")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run came to.

    Attributes:
        faults: how many of each kind.
        poison: records put in that nobody can apply, each with a key of its own; `dead_letters`
            are the keys found as such.
        gaps: units and days for which conservation does not hold.
        wrong: what else is wrong: ledger and history, dead letters, answers of the API.
    """

    seed: int
    faults: Mapping[str, int]
    arrivals: Arrivals
    poison: int
    dead_letters: int
    gaps: list[str]
    wrong: list[str]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The figures."""
        return {
            "seed": self.seed,
            "faults": dict(self.faults),
            "due": self.arrivals.due,
            "delivered": self.arrivals.delivered,
            "reoffered": self.arrivals.reoffered,
            "lost": len(self.arrivals.lost),
            "doubled": len(self.arrivals.doubled),
            "unexpected": len(self.arrivals.unexpected),
            "poison": self.poison,
            "dead_letters": self.dead_letters,
            "conservation_gaps": len(self.gaps),
            "seconds": self.seconds,
        }

    def complaints(self) -> list[str]:
        """Everything that is wrong, named; empty when the promise was kept."""
        named = (
            ("lost", self.arrivals.lost),
            ("doubled", self.arrivals.doubled),
            ("unexpected", self.arrivals.unexpected),
            ("conservation", self.gaps),
            ("wrong", self.wrong),
        )
        found = [f"{word}: {one}" for word, every in named for one in every]
        if self.poison != self.dead_letters:
            found.append(f"wrong: {self.poison} poison records, {self.dead_letters} dead letters")
        return found


def conservation(
    expected: Iterable[Expected], days: Iterable[UnitDay], named: Iterable[Gap]
) -> list[str]:
    """Where the audit's line does not hold, or is not the planner's."""
    wanted: dict[tuple[UUID, object], Counter[str]] = {}
    for one in expected:
        reminder = one.reminder
        place = (reminder.unit_id, reminder.slot.astimezone(_ZONE).date())
        line = wanted.setdefault(place, Counter())
        line["due"] += 1
        line["suppressed" if one.planned.suppressed else "sent"] += 1
    gaps = [" ".join(f"{name}={value}" for name, value in gap.words().items()) for gap in named]
    for day in days:
        line = wanted.pop((day.unit_id, day.day), Counter()) if day.unit_id else Counter()
        real = {name: getattr(day, name) for name in ("due", *_ENDS)}
        if not day.holds or any(real[name] != line[name] for name in real):
            gaps.append(f"unit {day.unit_id}, {day.day}: {real}, planned {dict(line)}")
    gaps += [
        f"unit {unit}, {day}: nothing known, planned {dict(line)}"
        for (unit, day), line in wanted.items()
    ]
    return gaps


def history(
    expected: Mapping[UUID, Expected],
    messages: Iterable[Arrived],
    told: Iterable[Mapping[str, Any]],
) -> list[str]:
    """Where the history that ingest shows is not what the planner says and the sinks hold."""
    seen = {one.notification_id: one for one in messages}
    rows = {UUID(row["notification_id"]): row for row in told}
    wrong = [f"the history lacks {expected[name]}" for name in expected.keys() - rows.keys()]
    for name, row in rows.items():
        one, message = expected.get(name), seen.get(name)
        if one is None:
            wrong.append(f"the history has {name}, which was never due")
            continue
        state = "suppressed" if one.planned.suppressed else "sent"
        if row["state"] != state:
            wrong.append(f"the history says {row['state']} ({row['reason']}) of {one}")
        elif message and _other(row, message):
            wrong.append(f"the history has another text or address than the sink for {one}")
        elif row["refs"] != [item.ref for item in one.reminder.items]:
            wrong.append(f"the history names {row['refs']} for {one}")
    return wrong


def _other(row: Mapping[str, Any], message: Arrived) -> bool:
    same_text = row["body"].split() == message.text.split()
    return not (same_text and row["address"] == message.to)


def burials(
    poison: Mapping[bytes, frozenset[str]], letters: Iterable[RecordDeadLettered]
) -> list[str]:
    """Where dead letters are not exactly the poison, once for each consumer that must bury it."""
    wanted = {(key, consumer) for key, consumers in poison.items() for consumer in consumers}
    found = {(b64decode(one.record_key or ""), one.consumer): one for one in letters}
    return [
        f"{key.decode()} was not buried by {consumer}" for key, consumer in wanted - found.keys()
    ] + [
        f"{consumer} buried {found[key, consumer].topic} {found[key, consumer].offset}: "
        f"{found[key, consumer].reason} {found[key, consumer].detail}"
        for key, consumer in found.keys() - wanted
    ]


def ledger(done: Iterable[UUID], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Where the ledger does not say `done` of what was reported, or says it of something else."""
    reported = set(done)
    return [
        f"the ledger says {row['status']} of {row['unit']} {row['ref']} ({row['obligation_id']})"
        for row in rows
        if (row["status"] == "done") != (UUID(row["obligation_id"]) in reported)
    ]
