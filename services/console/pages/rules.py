"""规则: when units are reminded, and the office's own working days. To read alone."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.shell.visits import SignedIn, Visit
from services.console.texts.wording import CHANNELS, KINDS, POSTS
from shared.api.offices import CalendarOut, RuleBookOut
from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import BeforeDue, OnDates, WhenTold, WhileOverdue

ROUTER = APIRouter()
_VERSIONS = 10


@ROUTER.get("/rules")
async def show_rules(visit: SignedIn) -> Response:
    """The rules in force as sentences, their versions, and the office's own days."""
    visit.require("read-drafts")
    books, calendars = await asyncio.gather(
        visit.api.list_page(RuleBookOut, "/v1/rule-books", limit=_VERSIONS),
        visit.api.list_page(CalendarOut, "/v1/calendars", limit=1),
    )
    present = RuleBook.model_validate(books.items[0].book)
    calendar = next(iter(calendars.items), None)
    return visit.render(
        "rules/rules.html",
        book=present,
        books=books.items,
        rules=[describe_rule(visit, rule) for rule in present.rules],
        calendar=calendar,
        days=sorted(calendar.days.items()) if calendar else [],
    )


def describe_rule(visit: Visit, rule: Rule) -> dict[str, object]:
    """A rule in words: for what, when, to whom, how."""
    mark = visit.gettext("、")
    return {
        "kinds": mark.join(visit.words.name_value(kind, KINDS) for kind in rule.kinds),
        "when": [_describe_time(visit, when) for when in rule.when],
        "at": f"{rule.at:%H:%M}",
        "who": [_describe_step(visit, step) for step in rule.who],
        "channels": mark.join(visit.words.name_value(each, CHANNELS) for each in rule.channels),
    }


def _describe_time(visit: Visit, when: BeforeDue | OnDates | WhileOverdue | WhenTold) -> str:
    say, mark = visit.gettext, visit.gettext("、")
    match when:
        case BeforeDue(working_days=days):
            before = mark.join(str(day) for day in days if day)
            sentences = [say("到期前 %(days)s 个工作日", days=before)] if before else []
            return mark.join([*sentences, *([say("到期当天")] if 0 in days else [])])
        case OnDates(days=days):
            return say("到期年份的 %(days)s", days=mark.join(days))
        case WhileOverdue(every_working_days=days):
            return say("超期后每 %(days)s 个工作日一次", days=days)
        case WhenTold():
            return say("新交办或改期后的第一个工作日")


def _describe_step(visit: Visit, step: Step) -> str:
    post = visit.words.name_value(step.audience, POSTS)
    if step.from_overdue == 0:
        return post
    return visit.gettext(
        "%(post)s（第 %(count)s 次超期提醒起）", post=post, count=step.from_overdue
    )
