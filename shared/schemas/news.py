"""From which day a unit owes what it is told of, so that its announcement lies ahead."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.rules.book import Rule, RuleBook
from shared.rules.moments import WhenTold


def find_told_day(book: RuleBook, now: datetime) -> date:
    """The day from which a unit owes what it is told of now, in the office's time zone.

    It is today, or tomorrow if the slot of today in which the rules announce news has passed: so
    the announcement always lies ahead.
    """
    local = now.astimezone(ZoneInfo(book.timezone))
    news = [rule.at for rule in book.rules if is_announcing(rule)]
    has_passed = bool(news) and local.time() >= min(news)
    return local.date() + timedelta(days=has_passed)


def is_announcing(rule: Rule) -> bool:
    """Whether a rule announces what is new or moved."""
    return any(isinstance(when, WhenTold) for when in rule.when)
