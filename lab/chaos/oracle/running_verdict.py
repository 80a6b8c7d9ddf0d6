"""The verdict on a run with a running clock: its figures, and everything that is wrong. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.chaos.oracle.judgement import Judgement


@dataclass(slots=True)
class RequiredStop:
    """A stop that a fault must cause, and the reason with which it was seen."""

    fault: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class RunningVerdict:
    """The result of a run.

    Attributes:
        faults: the number of faults of each kind.
        reoffered: messages that were offered again, as is allowed.
        facts: how many reports, hearings, extensions, amendments and rule books the API was told.
        rules: how many acts of each kind the maker of the rules performed.
        poison: the number of records that can't be applied; `dead_letters` is how many of them
            have a dead letter.
        gaps: where conservation does not hold.
        stops: the stops that faults had to cause.
    """

    seed: int
    faults: Mapping[str, int]
    judgement: Judgement
    reoffered: int
    doubled: Sequence[str]
    facts: int
    rules: Mapping[str, int]
    poison: int
    dead_letters: int
    gaps: Sequence[str]
    stops: Sequence[RequiredStop]
    wrong: Sequence[str]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The figures, for `--json`."""
        judgement = self.judgement
        return {
            "clock": "running",
            "seed": self.seed,
            "faults": dict(self.faults),
            "facts": self.facts,
            "rules": dict(self.rules),
            "due": judgement.due,
            "delivered": judgement.delivered,
            "muted": judgement.muted,
            "kept_steps": judgement.kept,
            "reoffered": self.reoffered,
            "lost": len(judgement.lost),
            "doubled": len(self.doubled),
            "unexpected": len(judgement.unexpected),
            "late": len(judgement.late),
            "late_honoured": judgement.late_honoured,
            "incomplete": judgement.incomplete,
            "poison": self.poison,
            "dead_letters": self.dead_letters,
            "conservation_gaps": len(self.gaps),
            "stops": {
                "wanted": len(self.stops),
                "seen": sum(bool(stop.seen) for stop in self.stops),
            },
            "seconds": self.seconds,
        }

    def list_problems(self) -> list[str]:
        """Every problem with its name; empty when the promise was kept."""
        named = (
            ("lost", self.judgement.lost),
            ("doubled", self.doubled),
            ("unexpected", self.judgement.unexpected),
            ("late", self.judgement.late),
            ("conservation", self.gaps),
            ("wrong", self.wrong),
        )
        problems = [f"{word}: {entry}" for word, entries in named for entry in entries]
        problems += [f"wrong: no stop was seen for {s.fault}" for s in self.stops if not s.seen]
        if self.poison != self.dead_letters:
            problems.append(
                f"wrong: {self.poison} poison records, {self.dead_letters} dead letters"
            )
        return problems
