"""The address of a list of the ledger: its filters, order and place. The address is the state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from starlette.datastructures import QueryParams

from services.console.texts.languages import N_
from shared.schemas.life import ObligationStatus
from shared.schemas.lights import Light

LEDGER = "/ledger"
FILTERS = (
    "text",
    "unit",
    "unit_id",
    "unit_kind",
    "group",
    "light",
    "status",
    "in_time",
    "due_from",
    "due_to",
    "plan",
    "year",
    "category",
    "task",
    "kind",
)
"""The filters of the API that an address may hold."""
SORTS = {"due_on": N_("期限由近到远"), "-due_on": N_("期限由远到近"), "unit": N_("按单位")}
_COMBINED = {"light", "status"}
"""Filters whose one field of the form may stand for several values, separated by commas."""
_MOST = 2000


@dataclass(frozen=True, slots=True)
class LedgerAddress:
    """A list of the ledger. `filters` has the values of each filter that is set."""

    filters: Mapping[str, list[str]] = field(default_factory=dict)
    sort: str = "due_on"
    cursor: str = ""

    @classmethod
    def parse(cls, query: QueryParams) -> "LedgerAddress":
        """What the query of a page asks for; other parameters are left out."""
        filters = {name: _list_values(name, query.getlist(name)) for name in FILTERS}
        sort = query.get("sort", "")
        return cls(
            {name: values for name, values in filters.items() if values},
            sort if sort in SORTS else "due_on",
            query.get("cursor", "")[:_MOST],
        )

    @classmethod
    def parse_text(cls, query: str) -> "LedgerAddress":
        """The same of a query as text, such as a form carries it."""
        return cls.parse(QueryParams(query[: 2 * _MOST]))

    @property
    def query(self) -> str:
        """The filters and the order as a query, without the place."""
        pairs = [(name, value) for name, values in self.filters.items() for value in values]
        return urlencode([*pairs, *([("sort", self.sort)] if self.sort != "due_on" else [])])

    @property
    def path(self) -> str:
        """The address of the first part of the list."""
        return f"{LEDGER}?{self.query}" if self.query else LEDGER

    @property
    def is_filtered(self) -> bool:
        """Whether it selects anything."""
        return bool(self.filters)

    def make_next(self, cursor: str | None) -> str:
        """The address of the part after a cursor; empty without one."""
        if not cursor:
            return ""
        return f"{LEDGER}?{'&'.join(filter(None, (self.query, urlencode({'cursor': cursor}))))}"

    def make_path(self, **changes: str) -> str:
        """The address with other values of some filters; an empty value takes a filter away."""
        filters = {name: list(values) for name, values in self.filters.items()}
        for name, value in changes.items():
            filters.pop(name, None)
            if value:
                filters[name] = [value]
        return replace(self, filters=filters, cursor="").path

    def make_sorted(self, sort: str) -> str:
        """The address with another order."""
        return replace(self, sort=sort).path

    def make_export(self, suffix: str) -> str:
        """The address of the same list as a file."""
        query = replace(self, sort="due_on").query
        return f"{LEDGER}.{suffix}?{query}" if query else f"{LEDGER}.{suffix}"

    def make_item(self, obligation_id: object) -> str:
        """The address of one obligation, from which one comes back to this list."""
        back = self.make_next(self.cursor).partition("?")[2] or self.query
        return f"{LEDGER}/{obligation_id}" + (f"?list={quote(back, safe='')}" if back else "")

    def get(self, name: str) -> str:
        """The value of a filter as a field of the form shows it; empty when it is not set."""
        return ",".join(self.filters.get(name, []))


def _list_values(name: str, values: Iterable[str]) -> list[str]:
    if name in _COMBINED:
        values = [part for value in values for part in value.split(",")]
    return [value.strip() for value in values if value.strip()]


def find_back(query: str) -> str:
    """The address of the list from which somebody came; `query` is what the page carries of it."""
    address = LedgerAddress.parse_text(query)
    return address.make_next(address.cursor) or address.path


LIGHT_CHOICES = (
    ("red,yellow,green,none", N_("未办结")),
    (Light.RED, N_("超期")),
    (Light.YELLOW, N_("临期")),
    ("yellow,green", N_("在办未超期")),
    (Light.GREEN, N_("正常")),
    (Light.DONE, N_("办结")),
    (Light.NONE, N_("无期限")),
)
STATUS_CHOICES = tuple(ObligationStatus)
