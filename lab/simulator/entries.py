"""Entries of a file of gateways beside the simulated vendors that they are tried against."""

from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr, TypeAdapter

from lab.simulator.catalogue import VENDORS
from lab.simulator.protocol import SimulatedVendor
from lab.simulator.vendors.declared import SimulatedDeclared
from services.notifier.gateways.building import load_file
from services.notifier.gateways.file import AnyGateway
from services.notifier.gateways.vendors.base import HttpVendor
from services.notifier.gateways.vendors.declared import Declared
from services.notifier.settings import NotifierSettings

_ENTRY: TypeAdapter[Any] = TypeAdapter(AnyGateway)


def list_entries(name: str = "") -> list[HttpVendor]:
    """The gateways to try: of the file if one is named, else one for each built-in vendor.

    A mail server has no simulator here and is left out. Empty when no gateway has the name.

    Raises:
        CuibanError: the file is not valid.
    """
    path = NotifierSettings.load().gateways
    named = load_file(path).gateways if path else ()
    entries: list[HttpVendor] = [each for each in named if isinstance(each, HttpVendor)]
    entries = [each for each in entries if name in {"", each.name}]
    if entries:
        return entries
    return [make_entry(vendor) for vendor in VENDORS if name in {"", vendor}]


def make_entry(vendor: str) -> HttpVendor:
    """An entry of the file for a built-in vendor, with the simulator's credentials."""
    simulated = VENDORS[vendor]
    fields = {
        name: {"env": value} if name in simulated.SECRETS else value
        for name, value in simulated.CREDENTIALS.items()
    }
    address: object = "http://127.0.0.1:9"  # replaced before it is used
    fields["url"] = {"env": address} if "url" in simulated.SECRETS else address
    entry = {"name": vendor, "vendor": vendor, **fields}
    made: HttpVendor = _ENTRY.validate_python(
        entry, context={"read_secret": lambda written: written["env"]}
    )
    return made


def simulate(entry: HttpVendor) -> SimulatedVendor:
    """The vendor of an entry, with the entry's credentials."""
    if isinstance(entry, Declared):
        return SimulatedDeclared(entry)
    values = {name: getattr(entry, name) for name in type(entry).model_fields}
    return VENDORS[entry.vendor](
        {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in values.items()
        }
    )


def redirect_entry(entry: HttpVendor, address: str) -> HttpVendor:
    """An entry that sends to a simulator instead of its vendor."""
    if isinstance(entry, Declared):
        path = urlsplit(entry.request.url)._replace(scheme="", netloc="").geturl()
        form = entry.request.model_copy(update={"url": f"{address}{path or '/'}"})
        return entry.model_copy(update={"request": form})
    if entry.vendor == "mas":
        kind = "tmpsubmit" if getattr(entry, "template", "") else "norsubmit"
        return entry.model_copy(update={"url": f"{address}/sms/{kind}"})
    url = SecretStr(address) if entry.vendor == "webhook" else address
    return entry.model_copy(update={"url": url})
