"""The story of one obligation: books, states, mutes and reminders, and why each was sent or not."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.planning.difference_reasons import Emitted
from shared.planning.expected import (
    Era,
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    compute_expected,
    list_eras,
)
from shared.planning.explaining import (
    Explanation,
    RecordedKey,
    SentOfUnit,
    explain,
)
from shared.planning.keeping import PublishedBook
from shared.planning.possible import (
    LedgerState,
    ObligationLife,
    PossibleReminders,
)
from shared.rules.book import Rule, RuleBook
from shared.rules.occurrences import Dates
from shared.rules.selecting import Traits
from shared.schemas import identity
from shared.schemas.life import ObligationStatus
from shared.schemas.mutes import Mute, NotFired
from shared.schemas.rules import ObligationKind
from shared.schemas.why_not import WhyNot

A, UNIT, MEASURE = (identity.derive_id(name) for name in ("a", "unit", "measure"))


ASSIGNED = datetime(2023, 6, 1, 2, tzinfo=UTC)


DUE = date(2023, 6, 9)  # a Friday; reminded of on the 5th, the 7th and the 9th, at nine


NOW = datetime(2023, 6, 20, tzinfo=UTC)


BEFORE = {"type": "before-due", "working_days": [4, 2, 0]}


def slot(day: int, hour: int = 9) -> datetime:
    return datetime(2023, 6, day, hour, tzinfo=UTC) - timedelta(hours=8)


def book(version: int = 1, **rule: Any) -> RuleBook:
    written = {
        "rule_id": "r",
        "when": [BEFORE],
        "who": [{"audience": "liaison"}],
        "channels": ["email"],
    }
    return RuleBook(version=version, rules=(Rule.model_validate(written | rule),))


def state(
    since: datetime,
    until: datetime | None = None,
    status: ObligationStatus = ObligationStatus.ASSIGNED,
    due: date = DUE,
    *,
    owed: bool = True,
    lead_units: tuple[UUID | None, ...] = (),
) -> LedgerState:
    traits = Traits(ref="16.2", status=status, lead_units=lead_units)
    dates = Dates(ObligationKind.DEADLINE, due, ASSIGNED.date(), traits)
    withdrawn = status is ObligationStatus.WITHDRAWN
    return LedgerState(ObligationVersion(dates, owed, since, until), status, withdrawn)


def mute(**what: Any) -> Mute:
    about: dict[str, Any] = {"since": slot(1), "until": slot(30), "muted_at": slot(1)}
    about |= {"mute_id": UUID(int=7), "reason": "交接", "muted_by": "王敏"}
    return Mute(**about | what)


@dataclass
class Story:
    """One obligation's facts, and what was emitted: at first all that should be, on time."""

    states: tuple[LedgerState, ...] = (state(ASSIGNED),)
    books: list[tuple[datetime, RuleBook]] = field(
        default_factory=lambda: [(ASSIGNED - timedelta(days=9), book())]
    )
    mutes: tuple[Mute, ...] = ()
    recorded: dict[RecordedKey, NotFired] = field(default_factory=dict)
    known_from: datetime | None = None
    waiting_after: datetime = NOW
    emitted: dict[ReminderKey, Emitted] = field(init=False)

    def __post_init__(self) -> None:
        should = compute_expected(
            self.eras, [self.life.history], ASSIGNED - timedelta(days=99), NOW
        )
        self.emitted = {key: Emitted(items, key[0]) for key, items in should.items()}

    @property
    def eras(self) -> list[Era]:
        return list_eras(self.books, [], [PublishedBook(at, each) for at, each in self.books])

    @property
    def life(self) -> ObligationLife:
        versions = tuple(each.version for each in self.states)
        return ObligationLife(
            ObligationHistory(A, versions, self.known_from, self.mutes), self.states
        )

    def explain(self) -> Explanation:
        sent = SentOfUnit(self.emitted, self.recorded, self.waiting_after)
        possible = PossibleReminders(self.eras)
        return explain(possible, self.life, sent, ASSIGNED - timedelta(days=99), NOW)

    def list_reasons(self) -> list[tuple[int, str, WhyNot]]:
        """The day, rule and reason of each reminder that was not sent."""
        return [
            ((each.slot + timedelta(hours=8)).day, each.rule_id, each.reason)
            for each in self.explain().not_fired
        ]
