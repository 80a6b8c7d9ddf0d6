"""Who a session belongs to: the person, the office, its present day and its calendar."""

from dataclasses import dataclass
from datetime import date

from services.console.client import ApiClient, fetch_together
from shared.api.accounts import MeOut
from shared.api.offices import CalendarOut, OfficeOut
from shared.calendar import WorkingCalendar


@dataclass(frozen=True, slots=True)
class OfficePerson:
    """A signed-in person with their office."""

    me: MeOut
    office: OfficeOut
    calendar: WorkingCalendar

    @property
    def today(self) -> date:
        """The office's present day."""
        return self.office.today

    def may(self, permission: str) -> bool:
        """Whether the person has a permission of the API; pages hide what the person may not do."""
        return permission in self.me.permissions


async def fetch_person(api: ApiClient) -> OfficePerson:
    """The person of a session.

    Raises:
        ApiError: 401 when the session has ended.
    """
    me, office, calendars = await fetch_together(
        api.get(MeOut, "/v1/me"),
        api.get(OfficeOut, "/v1/office"),
        api.list_page(CalendarOut, "/v1/calendars", limit=1),
    )
    own = calendars.items[0] if calendars.items else None
    calendar = WorkingCalendar(own.number, own.days) if own else WorkingCalendar()
    return OfficePerson(me, office, calendar)
