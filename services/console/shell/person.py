"""Who a session belongs to: the person, the office, its present day and its calendar."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from services.console.client import ApiClient, fetch_together
from shared.api.accounts import MeOut
from shared.api.offices import CalendarOut, OfficeOut
from shared.calendar import WorkingCalendar
from shared.clock import monotonic

_MOST = 10_000


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


class PersonCache:
    """Remembers persons for a few seconds, by the digest of the session's token.

    It only saves asking the API for what every page shows. The API checks each request by itself.
    """

    def __init__(self, remember: timedelta) -> None:
        self._seconds = remember / timedelta(seconds=1)
        self._kept: dict[bytes, tuple[float, OfficePerson]] = {}

    async def get(self, token: str, api: ApiClient) -> OfficePerson:
        """The person of a session's token.

        Raises:
            ApiError: 401 when the session has ended.
        """
        digest = hashlib.sha256(token.encode()).digest()
        kept = self._kept.get(digest)
        if kept is not None and monotonic() < kept[0]:
            return kept[1]
        person = await _fetch(api)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[digest] = (monotonic() + self._seconds, person)
        return person

    def drop(self, token: str) -> None:
        """Forget a session, because it ended or its person changed."""
        self._kept.pop(hashlib.sha256(token.encode()).digest(), None)


async def _fetch(api: ApiClient) -> OfficePerson:
    me, office, calendars = await fetch_together(
        api.get(MeOut, "/v1/me"),
        api.get(OfficeOut, "/v1/office"),
        api.list_page(CalendarOut, "/v1/calendars", limit=1),
    )
    own = calendars.items[0] if calendars.items else None
    calendar = WorkingCalendar(own.number, own.days) if own else WorkingCalendar()
    return OfficePerson(me, office, calendar)
