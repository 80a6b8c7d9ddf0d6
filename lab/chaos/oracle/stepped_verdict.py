"""The verdict on a run: what was observed from outside, and what is wrong. Pure."""

from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lab.chaos.oracle.arrivals import ArrivalJudgement, ArrivedMessage, ExpectedNotification
from services.scheduler.audit import Gap, UnitDay
from shared.links import hide_secrets
from shared.schemas.events import RecordDeadLettered

_ZONE = ZoneInfo("Asia/Shanghai")
_ENDS = ("sent", "suppressed", "withdrawn", "dead", "pending")


@dataclass(frozen=True, slots=True)
class SteppedVerdict:
    """The result of a run.

    Attributes:
        faults: the number of faults of each kind.
        poison: the number of records that can't be applied, each with its own key.
        dead_letters: how many of these keys have a dead letter.
        gaps: units and days for which conservation does not hold.
        wrong: other problems: ledger and history, dead letters, answers of the API.
    """

    seed: int
    faults: Mapping[str, int]
    arrivals: ArrivalJudgement
    poison: int
    dead_letters: int
    gaps: list[str]
    wrong: list[str]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The figures, for `--json`."""
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

    def list_problems(self) -> list[str]:
        """Every problem with its name; empty when the promise was kept."""
        named = (
            ("lost", self.arrivals.lost),
            ("doubled", self.arrivals.doubled),
            ("unexpected", self.arrivals.unexpected),
            ("conservation", self.gaps),
            ("wrong", self.wrong),
        )
        problems = [f"{word}: {entry}" for word, entries in named for entry in entries]
        if self.poison != self.dead_letters:
            problems.append(
                f"wrong: {self.poison} poison records, {self.dead_letters} dead letters"
            )
        return problems


def compare_conservation(
    expected: Iterable[ExpectedNotification], days: Iterable[UnitDay], named: Iterable[Gap]
) -> list[str]:
    """The days on which the audit does not add up, or differs from the planner."""
    planned: dict[tuple[UUID, object], Counter[str]] = {}
    for notification in expected:
        reminder = notification.reminder
        day_of_unit = (reminder.unit_id, reminder.slot.astimezone(_ZONE).date())
        line = planned.setdefault(day_of_unit, Counter())
        line["due"] += 1
        line["suppressed" if notification.planned.suppressed else "sent"] += 1
    gaps = [
        " ".join(f"{name}={value}" for name, value in gap.to_log_fields().items()) for gap in named
    ]
    for day in days:
        line = planned.pop((day.unit_id, day.day), Counter()) if day.unit_id else Counter()
        real = {name: getattr(day, name) for name in ("due", *_ENDS)}
        if not day.holds or any(real[name] != line[name] for name in real):
            gaps.append(f"unit {day.unit_id}, {day.day}: {real}, planned {dict(line)}")
    gaps += [
        f"unit {unit}, {day}: nothing known, planned {dict(line)}"
        for (unit, day), line in planned.items()
    ]
    return gaps


def compare_history(
    expected: Mapping[UUID, ExpectedNotification],
    messages: Iterable[ArrivedMessage],
    history_rows: Iterable[Mapping[str, Any]],
) -> list[str]:
    """Where the history of ingest differs from the planner or from the sinks."""
    by_id = {message.notification_id: message for message in messages}
    rows = {UUID(row["notification_id"]): row for row in history_rows}
    wrong = [f"the history lacks {expected[name]}" for name in expected.keys() - rows.keys()]
    for name, row in rows.items():
        notification, message = expected.get(name), by_id.get(name)
        if notification is None:
            wrong.append(f"the history has {name}, which was never due")
            continue
        state = "suppressed" if notification.planned.suppressed else "sent"
        if row["state"] != state:
            wrong.append(f"the history says {row['state']} ({row['reason']}) of {notification}")
        elif message and _has_other_content(row, message):
            wrong.append(
                f"the history has another text or address than the sink for {notification}"
            )
        elif row["refs"] != [item.ref for item in notification.reminder.items]:
            wrong.append(f"the history names {row['refs']} for {notification}")
    return wrong


def _has_other_content(row: Mapping[str, Any], message: ArrivedMessage) -> bool:
    same_text = row["body"].split() == hide_secrets(message.text).split()
    return not (same_text and row["address"] == message.to)


def compare_dead_letters(
    poison: Mapping[bytes, frozenset[str]], letters: Iterable[RecordDeadLettered]
) -> list[str]:
    """Where the dead letters are not exactly the poison, one for each consumer."""
    required = {(key, consumer) for key, consumers in poison.items() for consumer in consumers}
    actual = {(b64decode(letter.record_key or ""), letter.consumer): letter for letter in letters}
    return [
        f"{key.decode()} has no dead letter of {consumer}"
        for key, consumer in required - actual.keys()
    ] + [
        f"{consumer} dead-lettered {actual[key, consumer].topic} {actual[key, consumer].offset}: "
        f"{actual[key, consumer].reason} {actual[key, consumer].detail}"
        for key, consumer in actual.keys() - required
    ]


def compare_ledger(done: Iterable[UUID], rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Obligations that were reported but are not `done` in the ledger, or the other way round."""
    reported = set(done)
    return [
        f"the ledger says {row['status']} of {row['unit']} {row['ref']} ({row['obligation_id']})"
        for row in rows
        if (row["status"] == "done") != (UUID(row["obligation_id"]) in reported)
    ]
