"""Rules and parts of rules that can never remind of anything. Pure.

Conditions are tried on every sort of obligation that they can tell apart. Beyond `_MOST_TRIED`
sorts nothing is said: a rule may then still be one that never reminds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import chain, combinations, product
from math import prod
from typing import Any

from shared.marked.marks import Place
from shared.rules.book import ChannelOrder, Rule, RuleBook, StepEnd, Urgency
from shared.rules.moments import (
    MOST_WORKING_DAYS,
    AfterDue,
    BeforeDue,
    DaysBefore,
    GivenDates,
    NthWorkingDay,
    OnDates,
    Repeated,
    Span,
    When,
    WhenTold,
    WhileOverdue,
)
from shared.rules.selecting import JudgedObligation, Select, Traits, is_selected
from shared.rules.steps import get_post
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light
from shared.schemas.rules import ObligationKind, Post

_MOST_TRIED = 4_000
_MOST_GROUPS = 4
_OPEN_LIGHTS = (Light.GREEN, Light.YELLOW, Light.RED)
_NEVER_REMINDED = frozenset({ObligationStatus.DONE, ObligationStatus.WITHDRAWN})
_OTHER = "\0"
"""A name that no condition has."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something that never happens: where, a word for programs, and texts as in `TextProblem`."""

    path: Place
    code: str
    message: str
    hint: str = ""


def list_contradictions(book: RuleBook, today: date | None = None) -> Iterator[Contradiction]:
    """What can never remind of anything; given dates that are past only with `today`."""
    for number, rule in enumerate(book.rules):
        place: Place = ("rules", number)
        yield from _judge_conditions(rule, place, book.near_working_days)
        yield from _judge_steps(rule, place)
        yield from _judge_inhibited_steps(rule, place)
        yield from _judge_urgency(rule, place)
        yield from _judge_order(rule, place)
        for position, when in enumerate(rule.when):
            yield from _judge_moment(when, (*place, "when", position), today)
            if when in rule.when[:position]:
                message = "同一时机写了两次。The same moment is written twice."
                yield Contradiction((*place, "when", position), "duplicate", message)


def _judge_conditions(rule: Rule, place: Place, near: int) -> Iterator[Contradiction]:
    if rule.select is None:
        return
    subjects = _list_subjects(rule.select, rule.kinds)
    if subjects is None:
        return
    chosen = [subject for subject in subjects if is_selected(rule.select, subject)]
    if not chosen:
        yield Contradiction(
            (*place, "select"),
            "selects-nothing",
            "没有事项能同时符合这些条件。No obligation meets all of these conditions.",
            "请检查 kinds、all、not 和并列的各项：并列表示“且”。"
            "See kinds, all, not, and the conditions beside each other: all of them must hold.",
        )
        return
    lights = {
        each.light for each in chosen if each.traits and each.traits.status not in _NEVER_REMINDED
    }
    if not lights & set(_OPEN_LIGHTS):
        yield Contradiction(
            (*place, "select"),
            "never-reminded",
            "已办结、撤回或没有期限的事项不提醒。What is done, withdrawn or without a date is not "
            "reminded of.",
        )
        return
    for position, when in enumerate(rule.when):
        if not lights & _list_lights(when, near):
            yield Contradiction(
                (*place, "when", position),
                "never-fires",
                "按所选条件，这一时机永不提醒。With these conditions this moment never reminds.",
                f"到期前是绿灯，临近 {near} 个工作日起是黄灯，超期后是红灯。"
                f"Before the date the light is green, from {near} working days before it yellow, "
                "and red when overdue.",
            )


def _list_subjects(
    select: Select, kinds: tuple[ObligationKind, ...]
) -> list[JudgedObligation] | None:
    """One obligation of each sort that the conditions tell apart; None when there are too many."""
    every = list(_list_all(select))

    def name_all(field: str) -> list[str]:
        named = (getattr(each, field) or () for each in every)
        return [*dict.fromkeys(chain.from_iterable(named)), _OTHER]

    groups = name_all("group")[:-1]
    axes: tuple[Iterable[object], ...] = (
        kinds,
        Light if any(each.light for each in every) else _OPEN_LIGHTS,
        (True, False) if any(each.lead is not None for each in every) else (False,),
        name_all("task"),
        name_all("category"),
        name_all("unit"),
        name_all("unit_kind"),
        _list_subsets(groups) if len(groups) <= _MOST_GROUPS else _list_subsets(groups, 1),
        ObligationStatus if any(each.status for each in every) else (ObligationStatus.ASSIGNED,),
        _list_shares(every),
    )
    values = [list(axis) for axis in axes]
    if prod(map(len, values)) > _MOST_TRIED:
        return None
    return [_make_subject(combined) for combined in product(*values)]


def _make_subject(combined: tuple[Any, ...]) -> JudgedObligation:
    """A value of each axis, in the order of `_list_subjects`."""
    kind, light, *traits = combined
    return JudgedObligation(kind, light, Traits(*traits))


def _list_all(select: Select) -> Iterator[Select]:
    """The conditions and all within them."""
    yield select
    for each in select.list_inner():
        yield from _list_all(each)


def _list_subsets(groups: list[str], largest: int | None = None) -> Iterator[frozenset[str]]:
    sizes = range(len(groups) + 1) if largest is None else (*range(largest + 1), len(groups))
    for size in sizes:
        yield from map(frozenset, combinations(groups, size))


def _list_shares(every: list[Select]) -> list[float | None]:
    """Shares between and at the bounds that conditions name, and none."""
    bounds = [each.quantity for each in every if each.quantity]
    limits = {b for each in bounds for b in (each.at_least, each.below) if b is not None}
    return [None, *sorted({limit + step for limit in limits for step in (-0.5, 0.0, 0.5)})]


def _list_lights(when: When, near: int) -> set[Light]:
    """The lights on the days of a moment."""
    match when:
        case BeforeDue(working_days=days):
            green = {Light.GREEN} if max(days) > near else set()
            return green | ({Light.YELLOW} if min(days) <= near else set())
        case OnDates() | DaysBefore():
            return {Light.GREEN, Light.YELLOW}
        case WhileOverdue() | AfterDue():
            return {Light.RED}
        case WhenTold():
            return set(_OPEN_LIGHTS)
        case _:
            return {
                Span.UNTIL_DUE: {Light.GREEN, Light.YELLOW},
                Span.OVERDUE: {Light.RED},
                Span.UNTIL_DONE: set(_OPEN_LIGHTS),
            }[when.span]


def _judge_steps(rule: Rule, place: Place) -> Iterator[Contradiction]:
    most = max((_count_overdue(when) for when in rule.when), default=0)
    for number, step in enumerate(rule.who):
        if step.within_days is not None and step.ends_with is not StepEnd.PROGRESS:
            yield Contradiction(
                (*place, "who", number, "within_days"),
                "no-progress",
                "within_days 只与 ends_with: progress 同用。"
                "The key within_days goes with ends_with: progress alone.",
            )
        if step.from_overdue > most:
            yield Contradiction(
                (*place, "who", number, "from_overdue"),
                "never-reached",
                f"超期提醒最多 {most:g} 次，这一级永远轮不到。There are at most {most:g} overdue "
                "reminders, so this step is never reached.",
                "请减小 from_overdue，或加上超期后的时机。"
                "Lower from_overdue, or add a moment after the date, such as while-overdue.",
            )


def _judge_inhibited_steps(rule: Rule, place: Place) -> Iterator[Contradiction]:
    """Steps whose post is left out of each reminder, because a higher one of the unit is told."""
    for number, step in enumerate(rule.who):
        if step.inhibits and get_post(step) is not Post.UNIT:
            yield Contradiction(
                (*place, "who", number, "inhibits"),
                "inhibits-elsewhere",
                "inhibits 只用于本单位的岗位。The key inhibits goes with posts of the unit alone.",
                "请删去 inhibits，或删去 of。Remove inhibits, or of.",
            )
        for other in rule.who:
            is_lasting = other.ends_with in {None, step.ends_with}
            if (
                step.audience in (other.inhibits or ())
                and other.from_overdue <= step.from_overdue
                and get_post(other) is get_post(step) is Post.UNIT
                and is_lasting
            ):
                yield Contradiction(
                    (*place, "who", number),
                    "never-reached",
                    "每次都已提醒上级岗位，这一级永远轮不到。"
                    "A higher post is told each time, so this step is never reached.",
                    "请删去这一级，或提高上级的 from_overdue。"
                    "Remove this step, or raise from_overdue of the higher one.",
                )
                break


def _judge_urgency(rule: Rule, place: Place) -> Iterator[Contradiction]:
    """What makes a message wait does not go with sending it at once."""
    if rule.how is None or rule.how.urgency is not Urgency.URGENT:
        return
    for name in ("quiet_hours", "daily_limit"):
        if getattr(rule.how, name) is not None:
            yield Contradiction(
                (*place, "how", name),
                "urgent-waits",
                f"立即发送的提醒不等待，{name} 不能与 urgency: urgent 同用。"
                f"What is sent at once does not wait: {name} does not go with urgency: urgent.",
                f"请删去 {name}，或删去 urgency。Remove {name}, or urgency.",
            )


def _judge_order(rule: Rule, place: Place) -> Iterator[Contradiction]:
    """Channels in order need a second one; without an order none waits for an answer."""
    if rule.how is None:
        return
    in_order = rule.how.order is ChannelOrder.IN_ORDER
    if in_order and len(set(rule.channels)) == 1:
        yield Contradiction(
            (*place, "how", "order"),
            "one-channel",
            "只有一个渠道，没有下一个可换。There is one channel alone, and no next one.",
            "请在 channels 中再写一个渠道，或删去 order。"
            "Name another in channels, or remove order.",
        )
    if not in_order and rule.how.answer_within_hours is not None:
        yield Contradiction(
            (*place, "how", "answer_within_hours"),
            "no-order",
            "answer_within_hours 只与 order: in-order 同用。"
            "The key answer_within_hours goes with order: in-order alone.",
        )


def _count_overdue(when: When) -> float:
    """How many overdue reminders a moment makes at most."""
    match when:
        case WhileOverdue():
            return float("inf")
        case AfterDue(limit=limit):
            return float("inf") if limit is None else limit
        case BeforeDue() | OnDates() | DaysBefore() | WhenTold():
            return 0
        case _:
            return _count_repeated(when)


def _count_repeated(when: Repeated) -> float:
    if when.span is Span.UNTIL_DUE:
        return 0
    return len(when.dates) if isinstance(when, GivenDates) else float("inf")


def _judge_moment(when: When, place: Place, today: date | None) -> Iterator[Contradiction]:
    if isinstance(when, GivenDates) and today is not None and max(when.dates) < today:
        message = "所列日期都已过去。All of these dates are past."
        yield Contradiction((*place, "dates"), "past", message)
    if isinstance(when, NthWorkingDay):
        most = MOST_WORKING_DAYS[when.of]
        for position, number in enumerate(when.numbers):
            if abs(number) > most:
                message = f"至多有 {most} 个工作日。There are at most {most} working days."
                yield Contradiction((*place, "numbers", position), "never-fires", message)
