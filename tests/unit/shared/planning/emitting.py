"""Two obligations of one unit: what was emitted, and what should have been."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.difference_reasons import (
    ComparisonLimits,
    DifferenceReason,
    Emitted,
    UnitAudit,
)
from shared.planning.discrepancies import Comparison, DifferenceKind, compare
from shared.planning.expected import (
    ObligationHistory,
    ObligationVersion,
    ReminderKey,
    compute_expected,
    list_eras,
)
from shared.planning.firings import Firings, is_behind
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import BeforeDue
from shared.rules.occurrences import Dates
from shared.schemas import identity
from shared.schemas.mutes import Mute
from shared.schemas.rules import Audience, CatchUp, Channel, ObligationKind

UNIT, A, B = identity.derive_id("unit"), identity.derive_id("a"), identity.derive_id("b")


TOLD = datetime(2023, 6, 1, 2, tzinfo=UTC)


FIRST, LAST = datetime(2023, 6, 4, tzinfo=UTC), datetime(2023, 6, 17, tzinfo=UTC)


DUE = date(2023, 6, 9)  # a Friday; reminded of on the 5th, the 7th and the 9th, at nine


LITTLE = timedelta(seconds=1)


LIAISON = Audience.LIAISON


def slot(day: int, hour: int = 9) -> datetime:
    return datetime(2023, 6, day, hour, tzinfo=UTC) - timedelta(hours=8)


def book(version: int = 1, days: tuple[int, ...] = (4, 2, 0), catch_up=CatchUp.LATEST) -> RuleBook:
    rule = Rule(
        rule_id="r",
        kinds=(ObligationKind.DEADLINE,),
        when=(BeforeDue(working_days=days),),
        who=(Step(audience=LIAISON),),
        channels=(Channel.EMAIL,),
        catch_up=catch_up,
    )
    return RuleBook(version=version, rules=(rule,))


def stands(*told: tuple[datetime, date, bool]) -> tuple[ObligationVersion, ...]:
    ends = [at for at, _, _ in told[1:]]
    return tuple(
        ObligationVersion(Dates(ObligationKind.DEADLINE, due, TOLD.date()), owed, at, end)
        for (at, due, owed), end in zip(told, [*ends, None], strict=True)
    )


@dataclass
class World:
    """One unit's facts, and what was emitted: at first all that should be, on time."""

    versions: dict[UUID, tuple[ObligationVersion, ...]] = field(
        default_factory=lambda: {A: stands((TOLD, DUE, True)), B: stands((TOLD, DUE, True))}
    )
    books: list[tuple[datetime, RuleBook]] = field(default_factory=lambda: [(TOLD, book())])
    calendars: list[tuple[datetime, WorkingCalendar]] = field(default_factory=list)
    others: dict[datetime, bool] = field(default_factory=dict)
    known_from: datetime | None = None
    mutes: tuple[Mute, ...] = ()
    emitted: dict[ReminderKey, Emitted] = field(init=False)

    def __post_init__(self) -> None:
        should = compute_expected(
            list_eras(self.books, self.calendars), self.histories.values(), FIRST, LAST
        )
        self.emitted = {key: Emitted(items, key[0] + LITTLE) for key, items in should.items()}

    @property
    def histories(self) -> dict[UUID, ObligationHistory]:
        return {
            i: ObligationHistory(i, mine, self.known_from, self.mutes)
            for i, mine in self.versions.items()
        }

    def tell(
        self, obligation_id: UUID, at: datetime, due: date = DUE, *, owed: bool = True
    ) -> None:
        """A fact that what is emitted does not follow yet."""
        self.versions[obligation_id] = stands((TOLD, DUE, True), (at, due, owed))

    def compare(self) -> Comparison:
        fired = dict(self.others)
        for (at, _), one in self.emitted.items():
            late = is_behind(at, one.fired_at, ComparisonLimits().tolerance)
            fired[one.fired_at] = fired.get(one.fired_at, False) or late
        times = list_eras(self.books, self.calendars)
        unit = UnitAudit(UNIT, times, self.histories, self.emitted, Firings(fired))
        return compare(unit, FIRST, LAST)

    def only(self) -> tuple[DifferenceKind, DifferenceReason, bool, int, tuple[UUID, ...]]:
        (one,) = self.compare().differences
        assert (one.unit_id, one.audience) == (UNIT, LIAISON)
        return (
            one.kind,
            one.reason,
            one.explained,
            (one.slot + timedelta(hours=8)).day,
            one.obligations,
        )
