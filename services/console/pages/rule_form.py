"""The usual changes of a rule book as the fields of a form: filled in, and read into a book. Pure.

What a form has no field for stays as it is in the book.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import TypeVar

from services.console.shell.forms import Form
from services.console.texts.languages import N_
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.defaults import make_default_rule_book
from shared.rules.describing import describe_select, describe_step, describe_when
from shared.rules.moments import (
    AfterDue,
    BeforeDue,
    NthWorkingDay,
    When,
    WhenTold,
    WhileOverdue,
)
from shared.rules.phrases import Phrase
from shared.rules.selecting import Select
from shared.rules.steps import get_post
from shared.schemas.rules import Audience, Channel, Post

_SEPARATOR = re.compile(r"[\s、，,;；]+")
_MOST_DAYS = 260
_MOST_OVERDUE = 1000
Translate = Callable[..., str]
W = TypeVar("W", BeforeDue, WhenTold, WhileOverdue)


def _make_templates() -> Mapping[str, tuple[str, Rule]]:
    deadline, hearing = make_default_rule_book().rules
    news = deadline.model_copy(update={"when": (WhenTold(),), "who": deadline.who[:1]})
    monthly = deadline.model_copy(
        update={"when": (NthWorkingDay(numbers=(1,)),), "who": deadline.who[:1]}
    )
    lead_unit = deadline.model_copy(
        update={
            "select": Select(lead=False),
            "when": (AfterDue(every_working_days=5, limit=1),),
            "who": (Step(audience=Audience.DEPUTY, of=Post.LEAD_UNIT),),
        }
    )
    return {
        "deadline": (N_("限期事项：到期前提醒，超期后催办"), deadline),
        "hearing": (N_("听取汇报：按固定日期提醒，超期后催办"), hearing),
        "news": (N_("只告知新交办和改期的事项"), news),
        "monthly": (N_("每月第一个工作日提醒未到期的事项"), monthly),
        "lead-unit": (N_("配合事项逾期 5 个工作日未报，告知牵头单位分管领导"), lead_unit),
    }


TEMPLATES = _make_templates()
"""What a new rule may begin as, by name: its label, and the rule."""


@dataclass(frozen=True, slots=True)
class RuleFields:
    """A rule in the form: the prefix of its fields, and what the form has no field for.

    Attributes:
        others: moments.
        select: conditions.
        steps: who else hears of it.
    """

    prefix: str
    rule: Rule
    others: tuple[Phrase, ...]
    select: Phrase | None
    steps: tuple[Phrase, ...]


def list_fields(book: RuleBook) -> list[RuleFields]:
    """The rules of a book as parts of the form."""
    return [
        RuleFields(
            prefix=f"rule-{number}",
            rule=rule,
            others=tuple(describe_when(each) for each in _list_others(rule)),
            select=describe_select(rule.select) if rule.select else None,
            steps=tuple(describe_step(each) for each in rule.who if _is_special(rule, each)),
        )
        for number, rule in enumerate(book.rules)
    ]


def _list_others(rule: Rule) -> list[When]:
    """Moments that the form has no field for: of each type in the form, all but the first."""
    in_form = [_find(rule, BeforeDue), _find(rule, WhenTold), _find(rule, WhileOverdue)]
    return [each for each in rule.when if not any(each is moment for moment in in_form)]


def _is_special(rule: Rule, step: Step) -> bool:
    """Whether the form has no field for a step: it is its audience's second."""
    return step is not next(each for each in rule.who if each.audience == step.audience)


def begin_form(book: RuleBook, **values: str) -> Form:
    """The form with what a book says."""
    held: dict[str, str | list[str] | None] = dict(values)
    held["near_working_days"] = str(book.near_working_days)
    for fields in list_fields(book):
        prefix, rule = fields.prefix, fields.rule
        before = _find(rule, BeforeDue)
        overdue = _find(rule, WhileOverdue)
        days = "、".join(map(str, before.working_days)) if before else ""
        held[f"{prefix}-days"] = days
        held[f"{prefix}-every"] = str(overdue.every_working_days) if overdue else ""
        held[f"{prefix}-told"] = ["yes"] if _find(rule, WhenTold) else []
        held[f"{prefix}-at"] = f"{rule.at:%H:%M}"
        held[f"{prefix}-channels"] = [each.value for each in rule.channels]
        steps = [each for each in rule.who if not _is_special(rule, each)]
        held[f"{prefix}-who"] = [each.audience.value for each in steps]
        for step in steps:
            held[f"{prefix}-from-{step.audience.value}"] = str(step.from_overdue)
            held[f"{prefix}-of-{step.audience.value}"] = get_post(step).value
    return Form.begin(**held)


def _find(rule: Rule, kind: type[W]) -> W | None:
    return next((each for each in rule.when if isinstance(each, kind)), None)


def read_form_book(translate: Translate, form: Form, present: RuleBook) -> RuleBook | Form:
    """The present book with what was filled in; the form with errors when something is wrong."""
    reading = _Reading(translate, form)
    near = reading.read_number("near_working_days", 0, _MOST_DAYS)
    rules = [
        reading.read_rule(fields)
        for fields in list_fields(present)
        if not form[f"{fields.prefix}-remove"]
    ]
    if form["template"] in TEMPLATES:
        rules.append(_add_rule(present, form["template"]))
    if reading.errors:
        return form.mark(**reading.errors)
    return present.model_copy(update={"near_working_days": near or 0, "rules": tuple(rules)})


def _add_rule(book: RuleBook, template: str) -> Rule:
    """A new rule with a name that the book does not have yet."""
    names = {rule.rule_id for rule in book.rules}
    number = 2
    name = template
    while name in names:
        name, number = f"{template}-{number}", number + 1
    return TEMPLATES[template][1].model_copy(update={"rule_id": name})


class _Reading:
    """Reads fields, and collects what is wrong with them."""

    def __init__(self, translate: Translate, form: Form) -> None:
        self._translate, self._form = translate, form
        self.errors: dict[str, str] = {}

    def read_rule(self, fields: RuleFields) -> Rule:
        """A rule with what was filled in."""
        prefix, rule = fields.prefix, fields.rule
        when = self._read_moments(prefix, rule)
        who = self._read_steps(prefix, rule)
        channels = [each for each in Channel if each in self._form.get_all(f"{prefix}-channels")]
        if not when:
            self._refuse(f"{prefix}-days", N_("至少写一种提醒的时机。"))
        if not who:
            self._refuse(f"{prefix}-who", N_("至少选一个提醒对象。"))
        if not channels:
            self._refuse(f"{prefix}-channels", N_("至少选一种方式。"))
        kept = set(channels) == set(rule.channels)
        update = {
            "when": when,
            "who": who,
            "channels": rule.channels if kept else tuple(channels),
            "at": self._read_time(f"{prefix}-at", rule.at),
        }
        return rule.model_copy(update=update)

    def _read_moments(self, prefix: str, rule: Rule) -> tuple[When, ...]:
        days = self._read_days(f"{prefix}-days")
        every = self.read_number(f"{prefix}-every", 1, _MOST_DAYS, required=False)
        filled: list[tuple[When | None, When | None]] = [
            (_find(rule, BeforeDue), BeforeDue(working_days=days) if days else None),
            (_find(rule, WhenTold), WhenTold() if self._form[f"{prefix}-told"] else None),
            (_find(rule, WhileOverdue), WhileOverdue(every_working_days=every) if every else None),
        ]
        kept = []
        for moment in rule.when:
            changed = [new for old, new in filled if old is moment]
            kept += changed or [moment]
        added = [new for old, new in filled if old is None]
        return tuple(moment for moment in (*kept, *added) if moment is not None)

    def _read_steps(self, prefix: str, rule: Rule) -> tuple[Step, ...]:
        chosen = self._form.get_all(f"{prefix}-who")
        in_form = {each.audience for each in rule.who if not _is_special(rule, each)}
        added = [Step(audience=each) for each in Audience if each not in in_form]
        steps = []
        for step in (*rule.who, *added):
            if step in rule.who and _is_special(rule, step):
                steps.append(step)
            elif step.audience in chosen:
                name = f"{prefix}-from-{step.audience.value}"
                first = self.read_number(name, 0, _MOST_OVERDUE, required=False) or 0
                whose = self._read_owner(f"{prefix}-of-{step.audience.value}", step)
                steps.append(step.model_copy(update={"from_overdue": first, "of": whose}))
        return tuple(steps)

    def _read_owner(self, name: str, step: Step) -> Post | None:
        """Whose post it is; as the step has it where that was not changed."""
        typed = self._form[name] or Post.UNIT
        if typed not in set(Post):
            self._refuse(name, N_("请选其中一种。"))
        if typed == get_post(step) or typed not in set(Post):
            return step.of
        return None if typed == Post.UNIT else Post(typed)

    def _read_days(self, name: str) -> tuple[int, ...]:
        words = [word for word in _SEPARATOR.split(self._form[name]) if word]
        if not all(word.isdecimal() and int(word) <= _MOST_DAYS for word in words):
            self._refuse(name, N_("请写天数，用顿号隔开，如：15、7、3。0 是当天。"))
            return ()
        return tuple(sorted({int(word) for word in words}, reverse=True))

    def read_number(self, name: str, least: int, most: int, *, required: bool = True) -> int | None:
        """A whole number within bounds; None for an empty field that need not be filled in."""
        word = self._form[name]
        if not word and not required:
            return None
        if not word.isdecimal() or not least <= int(word) <= most:
            text = N_("请填写 %(least)s 至 %(most)s 的整数。")
            self.errors[name] = self._translate(text, least=least, most=most)
            return None
        return int(word)

    def _read_time(self, name: str, present: time) -> time:
        try:
            at = time.fromisoformat(self._form[name])
        except ValueError:
            self._refuse(name, N_("请写成 09:00 这样的时刻。"))
            return present
        return present if at == present.replace(second=0) else at

    def _refuse(self, name: str, text: str) -> None:
        self.errors.setdefault(name, self._translate(text))
