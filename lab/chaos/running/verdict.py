"""The verdict on a run with a running clock: its figures, and everything that is wrong. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.chaos.running.promise import Judgement
from lab.chaos.running.stops import Stop


@dataclass(frozen=True, slots=True)
class RunningVerdict:
    """What a run came to.

    Attributes:
        faults: how many of each kind.
        reoffered: messages that were offered again, and may be.
        facts: how many reports, hearings, extensions, amendments and books were told.
        poison: records put in that nobody can apply; `dead_letters` are those found as such.
        gaps: where conservation does not hold.
        stops: those that a fault had to cause.
    """

    seed: int
    faults: Mapping[str, int]
    judgement: Judgement
    reoffered: int
    doubled: Sequence[str]
    facts: int
    poison: int
    dead_letters: int
    gaps: Sequence[str]
    stops: Sequence[Stop]
    wrong: Sequence[str]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The figures."""
        found = self.judgement
        return {
            "clock": "running",
            "seed": self.seed,
            "faults": dict(self.faults),
            "facts": self.facts,
            "due": found.due,
            "delivered": found.delivered,
            "reoffered": self.reoffered,
            "lost": len(found.lost),
            "doubled": len(self.doubled),
            "unexpected": len(found.unexpected),
            "late": len(found.late),
            "late_honoured": found.late_honoured,
            "incomplete": found.incomplete,
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
        """Everything that is wrong, named; empty when the promise was kept."""
        named = (
            ("lost", self.judgement.lost),
            ("doubled", self.doubled),
            ("unexpected", self.judgement.unexpected),
            ("late", self.judgement.late),
            ("conservation", self.gaps),
            ("wrong", self.wrong),
        )
        found = [f"{word}: {one}" for word, every in named for one in every]
        found += [f"wrong: no stop was seen for {s.fault}" for s in self.stops if not s.seen]
        if self.poison != self.dead_letters:
            found.append(f"wrong: {self.poison} poison records, {self.dead_letters} dead letters")
        return found
