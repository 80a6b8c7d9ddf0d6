"""The filters of messages, as an address holds them and as the API takes them."""

from dataclasses import dataclass, fields
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from services.console.shell.forms import Form
from services.console.shell.units import find_unit
from services.console.shell.visits import Visit

_Short = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class MessageFilters:
    """What a person chose; empty leaves a filter out. `unit` is a name."""

    unit: str = ""
    status: str = ""
    channel: str = ""
    cause: str = ""
    gateway: str = ""
    first: str = ""
    last: str = ""

    @classmethod
    def read(cls, form: Form) -> "MessageFilters":
        """The filters that a form carries on."""
        return cls(**{field.name: form[field.name] for field in fields(cls)})

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are not empty."""
        values = {field.name: getattr(self, field.name).strip() for field in fields(self)}
        return {name: value for name, value in values.items() if value}

    def write_address(self, path: str, **more: str) -> str:
        """An address with these filters."""
        query = self.chosen | {name: value for name, value in more.items() if value}
        return f"{path}?{urlencode(query)}" if query else path

    async def make_query(self, visit: Visit) -> dict[str, str] | None:
        """The query parameters of the API; None where no unit is called so."""
        query = self.chosen
        names = {"first": "from", "last": "to"}
        if name := query.pop("unit", ""):
            unit = await find_unit(visit, name)
            if unit is None:
                return None
            query["unit_id"] = str(unit.unit_id)
        return {names.get(name, name): value for name, value in query.items()}


def parse_filters(
    *,
    unit: _Short = "",
    status: _Short = "",
    channel: _Short = "",
    cause: _Short = "",
    gateway: _Short = "",
    first: _Short = "",
    last: _Short = "",
) -> MessageFilters:
    """The filters in an address."""
    return MessageFilters(unit, status, channel, cause, gateway, first, last)


Chosen = Annotated[MessageFilters, Depends(parse_filters)]
