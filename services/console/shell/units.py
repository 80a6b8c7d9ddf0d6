"""Units that a person names in a form: those that it offers, and the one that was meant."""

from services.console.shell.visits import Visit
from shared.api.ledger import LedgerChoicesOut
from shared.api.units import UnitOut

_OFFERED = 100
"""How many units a form offers. A large office has thousands: others are typed."""


async def offer_choices(visit: Visit) -> LedgerChoicesOut:
    """What filters and forms offer: the first units by name, and words of the published plans."""
    return await visit.context.choices.get(
        visit.cookies.get_token(),
        lambda: visit.api.get(LedgerChoicesOut, "/v1/ledger/choices", most_units=_OFFERED),
    )


async def find_unit(visit: Visit, name: str) -> UnitOut | None:
    """The unit of the directory that has exactly this name or alias; None when there is none."""
    units = await visit.api.list_items(UnitOut, "/v1/units", name=name)
    present = [unit for unit in units if unit.retired_at is None]
    named = [unit for unit in present if unit.name == name]
    known_as = [unit for unit in present if name in unit.aliases]
    return next(iter(named + known_as), None)
