"""How the file of gateways writes limits."""

from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from services.notifier.domain.limits import RATE, Limits, parse_rate


def _check_rate(written: str) -> str:
    parse_rate(written)
    return written


RateText = Annotated[
    str, AfterValidator(_check_rate), WithJsonSchema({"type": "string", "pattern": RATE})
]
"""`20/min`, `2/59s`, `50/24h`."""
Rates = Annotated[tuple[RateText, ...], Field(max_length=10)]


class GatewayLimits(BaseModel):
    """How many messages a gateway takes. What is not written is as the vendor has it.

    Attributes:
        total: of all messages.
        number: of those to one number or address.
        same_text: of those to one number or address with the same text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    total: Rates | None = None
    number: Rates | None = None
    same_text: Rates | None = None

    def fill_in(self, vendor: Limits) -> Limits:
        """These limits, with those of the vendor where nothing is written."""
        written = {
            name: tuple(map(parse_rate, rates))
            for name in ("total", "number", "same_text")
            if (rates := getattr(self, name)) is not None
        }
        return replace(vendor, **written)
