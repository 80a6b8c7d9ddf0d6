"""The rules that an office starts with."""

from shared.rules.book import Rule, RuleBook, Step
from shared.rules.moments import BeforeDue, OnDates, WhenTold, WhileOverdue
from shared.schemas.rules import Audience, Channel, ObligationKind


def make_default_rule_book(version: int = 1) -> RuleBook:
    """The rules that an office starts with.

    What is new or moved: at the next slot on a working day. Deadlines: 30, 15, 7, 3 and 1 working
    days before, on the day, then every 3 working days, from the 4th overdue reminder also to the
    deputy and from the 7th also to the head. Hearings: end of June and of September, 1 November,
    1 December, then as overdue.
    """
    both = (Channel.EMAIL, Channel.SMS)
    who = (
        Step(audience=Audience.LIAISON),
        Step(audience=Audience.DEPUTY, from_overdue=4),
        Step(audience=Audience.HEAD, from_overdue=7),
    )
    overdue = WhileOverdue(every_working_days=3)
    return RuleBook(
        version=version,
        rules=(
            Rule(
                rule_id="deadline",
                kinds=(ObligationKind.DEADLINE,),
                when=(BeforeDue(working_days=(30, 15, 7, 3, 1, 0)), WhenTold(), overdue),
                who=who,
                channels=both,
            ),
            Rule(
                rule_id="hearing",
                kinds=(ObligationKind.HEARING,),
                when=(OnDates(days=("06-30", "09-30", "11-01", "12-01")), WhenTold(), overdue),
                who=who,
                channels=both,
            ),
        ),
    )
