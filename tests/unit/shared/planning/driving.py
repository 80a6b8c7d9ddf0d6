"""The planner of the scheduler, and the audit beside it, driven by facts."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.calendar import WorkingCalendar
from shared.planning.expected import (
    Era,
    ExpectedItem,
    ObligationHistory,
    ObligationVersion,
    compute_expected,
    join_versions,
    list_eras,
    note_interruptions,
)
from shared.planning.keeping import PublishedBook
from shared.planning.obligations import Obligation, Standing, TaskEvent, decide_changes
from shared.planning.reminding import DueTimer, ReminderMeasure, fire_due_timers
from shared.planning.silencing import list_concerning
from shared.planning.timers import Timer, plan_timers, replan_timers
from shared.planning.timetable import Timetable
from shared.rules.book import RuleBook
from shared.rules.selecting import Traits
from shared.rules.steps import choose_lead_units, choose_office_units
from shared.schemas import identity
from shared.schemas.events import (
    ExtensionGranted,
    ObligationsAmended,
    ObligationsAssigned,
    ObligationsWithdrawn,
    ReminderDue,
    StatusReported,
)
from shared.schemas.facts import MeasureFacts, ObligationFacts, ObligationProgress, Status
from shared.schemas.life import ObligationStatus
from shared.schemas.mutes import Mute, NotFired
from shared.schemas.rules import Audience, ObligationKind

OFFICE, UNIT, PLAN = (identity.derive_id(word) for word in ("office", "unit", "plan"))


START = datetime(2023, 5, 8, 0, 30, tzinfo=UTC)  # half past eight at the office


DAYS = 40


END = START + timedelta(days=DAYS)


MEASURE = MeasureFacts(measure_id=identity.derive_id("m"), ref="1", task_name="任务", text="内容")


UNIT_TRAITS = Traits(unit="甲局", unit_kind="部门", category="决策公开")


def describe_traits(traits: Traits, one: Obligation) -> Traits:
    """The traits with what was reported of an obligation.

    `lead_units` has whoever leads, `office_units` the unit that is the office.
    """
    leading = [unit_id for unit_id in traits.lead_units if unit_id]
    traits = replace(
        traits,
        lead_units=choose_lead_units(one.unit_id, lead=one.lead, leading=leading),
        office_units=choose_office_units(one.unit_id, next(iter(traits.office_units), None)),
    )
    if (told := one.progress) is None:
        return traits
    return replace(
        traits, status=told.status, reached=told.reported, progressed_at=told.progressed_at
    )


@dataclass
class Driver:
    """A scheduler in memory that hears each fact at once and fires each slot on time."""

    known: dict[UUID, Obligation] = field(default_factory=dict)
    timers: dict[tuple[UUID, str], Timer] = field(default_factory=dict)
    books: list[PublishedBook] = field(default_factory=list)
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)
    fired_until: datetime | None = None
    unit: Traits = UNIT_TRAITS
    emitted: list[ReminderDue] = field(default_factory=list)
    mutes: list[Mute] = field(default_factory=list)
    not_fired: list[NotFired] = field(default_factory=list)

    @property
    def timetable(self) -> Timetable | None:
        if not self.books:
            return None
        return Timetable(self.books[-1].book, self.calendar, published=self.books)

    def hear(self, event: TaskEvent, at: datetime) -> None:
        for change in list(decide_changes(self.known.get, event, at)):
            if change.obligation is None:
                continue
            self.known[change.obligation_id] = change.obligation
            if change.replan:
                self._end(change.obligation_id)
                if change.obligation.owed and (timetable := self.timetable):
                    one = change.obligation
                    self._start(
                        plan_timers(timetable, one.obligation_id, one.dates, one.planned_from)
                    )

    def change(self, told: RuleBook | WorkingCalendar, at: datetime) -> None:
        if isinstance(told, RuleBook):
            self.books.append(PublishedBook(at, told, keeps_begun=told.version % 4 != 0))
        else:
            self.calendar = told
        if (timetable := self.timetable) is None:
            return
        for one in self.known.values():
            mine = {
                rule: t.next_fire_at
                for (o, rule), t in self.timers.items()
                if o == one.obligation_id
            }
            self._end(one.obligation_id)
            if one.owed:
                self._start(
                    replan_timers(
                        timetable,
                        one.obligation_id,
                        one.dates,
                        before=mine,
                        changed=max(at, one.planned_from),
                        fired_until=self.fired_until,
                    )
                )

    def fire(self, now: datetime) -> None:
        """Fire each slot up to an instant, at the slot itself."""
        while (slot := min((t.next_fire_at for t in self.timers.values()), default=END)) < now:
            timetable = self.timetable
            assert timetable is not None
            due = [t for t in self.timers.values() if t.next_fire_at == slot]
            shown = ReminderMeasure("1", "任务", "内容", "要点")
            rows = [
                DueTimer(
                    t,
                    one.dates,
                    one.lead,
                    shown,
                    one.measure_id,
                    describe_traits(self.unit, one),
                    one.planned_from,
                )
                for t in due
                for one in [self.known[t.obligation_id]]
            ]
            done = fire_due_timers(
                timetable,
                OFFICE,
                UNIT,
                rows,
                now=slot,
                grace=timedelta(0),
                mutes=self.mutes,
            )
            self.emitted += done.reminders
            self.not_fired += done.not_fired
            for timer in due:
                del self.timers[timer.obligation_id, timer.rule_id]
            self._start(done.moved)
            self.fired_until = slot

    def _start(self, timers: Any) -> None:
        self.timers |= {(t.obligation_id, t.rule_id): t for t in timers}

    def _end(self, obligation_id: UUID) -> None:
        for key in [key for key in self.timers if key[0] == obligation_id]:
            del self.timers[key]


@dataclass
class Office:
    """The ledger's side: what was told, and when, in the words of the planner."""

    versions: dict[UUID, list[ObligationVersion]] = field(default_factory=dict)
    books: list[PublishedBook] = field(default_factory=list)
    calendars: list[tuple[datetime, WorkingCalendar]] = field(default_factory=list)
    mutes: list[Mute] = field(default_factory=list)
    standings: dict[UUID, list[Standing]] = field(default_factory=dict)

    def stands(self, one: Obligation, unit: Traits, at: datetime) -> None:
        mine, known = self.versions.setdefault(one.obligation_id, []), describe_traits(unit, one)
        if mine:
            last = mine[-1]
            mine[-1] = ObligationVersion(last.dates, last.owed, last.since, at)
        dates = replace(one.dates, traits=replace(known, lead=one.lead, ref=MEASURE.ref))
        mine.append(ObligationVersion(dates, one.owed, at))
        self.standings.setdefault(one.obligation_id, []).append(one.standing)

    def should(self) -> dict[tuple[datetime, Audience], dict[UUID, ExpectedItem]]:
        return compute_expected(self.eras, self.histories, START, END)

    @property
    def eras(self) -> list[Era]:
        return list_eras([(each.at, each.book) for each in self.books], self.calendars, self.books)

    @property
    def histories(self) -> list[ObligationHistory]:
        mutes = list_concerning(self.mutes, UNIT, MEASURE.measure_id)
        return [
            ObligationHistory(i, join_versions(note_interruptions(mine)), mutes=mutes)
            for i, mine in self.versions.items()
        ]


def facts(name: str, number: int, due_on: date, at: datetime) -> ObligationFacts:
    return ObligationFacts(
        obligation_id=identity.derive_id(name),
        measure_id=MEASURE.measure_id,
        kind=ObligationKind.DEADLINE,
        period="2023",
        due_on=due_on,
        known_on=at.date(),
        number=number,
        lead=number % 3 == 0,
    )


def event(what: str, name: str, number: int, days: int, at: datetime) -> TaskEvent:
    about: dict[str, Any] = {"office_id": OFFICE, "unit_id": UNIT}
    one, due_on = identity.derive_id(name), (at + timedelta(days=days)).date()
    match what:
        case "assign" | "amend":
            kind = ObligationsAssigned if what == "assign" else ObligationsAmended
            told = {"plan_id": PLAN, "plan_title": "要点", "measures": (MEASURE,)}
            return kind(**about, **told, obligations=(facts(name, number, due_on, at),))
        case "withdraw":
            return ObligationsWithdrawn(**about, obligation_ids=(one,), reason="revised")
        case "extend":
            return ExtensionGranted(
                **about, obligation_id=one, number=number, due_on=due_on, reason=""
            )
        case _:
            status = ObligationStatus(what)
            progress = ObligationProgress(
                status=status, reported=5 * days, progressed_at=at if days % 2 else None
            )
            told = {"obligation_id": one, "number": number, "reported_by": "x"}
            return StatusReported(**about, **told, status=WIRE[status], progress=progress)


WIRE = {
    ObligationStatus.ASSIGNED: Status.OPEN,
    ObligationStatus.ACCEPTED: Status.OPEN,
    ObligationStatus.IN_PROGRESS: Status.IN_PROGRESS,
    ObligationStatus.SUBMITTED: Status.IN_PROGRESS,
    ObligationStatus.RETURNED: Status.IN_PROGRESS,
    ObligationStatus.DONE: Status.DONE,
}
