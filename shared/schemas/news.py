"""From which day a unit owes what it is told of, so that its announcement lies ahead."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.rules.book import Rule, RuleBook
from shared.rules.moments import WhenTold
from shared.rules.occurrences import make_slot


def find_told_day(book: RuleBook, now: datetime) -> date:
    """The day from which a unit owes what it is told of now, in the office's time zone.

    It is today, or tomorrow if the first slot of today in which the rules announce news has passed:
    so the announcement always lies ahead. (A rule whose zone is far ahead may need a day more.)
    """
    day = now.astimezone(ZoneInfo(book.timezone)).date()
    news = [
        (rule.at, ZoneInfo(rule.timezone or book.timezone))
        for rule in book.rules
        if is_announcing(rule)
    ]
    while any(make_slot(day, at, zone) <= now for at, zone in news):
        day += timedelta(days=1)
    return day


def is_announcing(rule: Rule) -> bool:
    """Whether a rule announces what is new or moved."""
    return any(isinstance(when, WhenTold) for when in rule.when)
