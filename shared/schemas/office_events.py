"""What an office publishes for all its units: rules, days off, settings, mutes, traits, templates.

They are events as `shared.schemas.events` says.
"""

from pydantic import Field

from shared.rules.book import RuleBook
from shared.schemas.base_events import Event
from shared.schemas.facts import MeasureTraits, UnitTraits
from shared.schemas.mutes import Mute
from shared.schemas.office import OfficeSettings
from shared.schemas.templates import TemplateKind, TemplateParts
from shared.schemas.values import Day


class RuleBookPublished(Event):
    """The office's whole rule book, so that a change is atomic.

    `keeps_begun`: what is overdue keeps the steps of the book in force when it became so. Books of
    older writers replaced them.
    """

    book: RuleBook
    keeps_begun: bool = False


class CalendarPublished(Event):
    """The office's own days: True is a working day. `number` rises with each publication."""

    number: int
    days: dict[Day, bool] = Field(max_length=5000)


class OfficeSettingsPublished(Event):
    """The office's settings, whole. `number` rises with each change."""

    number: int
    settings: OfficeSettings


class MuteRecorded(Event):
    """A mute as it now is. `number` is 1 when it is recorded, and rises when it is ended."""

    number: int
    mute: Mute


class TraitsPublished(Event):
    """What the office's rules ask of units and measures, as these are now.

    It is told before the first rule book that asks for it, and when something of it changes while
    the rules in force ask for it. Units and measures that are not named stay as they were.
    """

    units: tuple[UnitTraits, ...] = Field(default=(), max_length=5000)
    measures: tuple[MeasureTraits, ...] = Field(default=(), max_length=5000)


class TemplatePublished(Event):
    """A template of the office's messages, whole. `number` rises with each version of it.

    `parts` is None when the built-in template is used again.
    """

    kind: TemplateKind
    name: str = Field(min_length=1, max_length=40)
    number: int
    parts: TemplateParts | None
