"""The addresses to which gateways push receipts, over HTTP."""

from datetime import datetime
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from shared.api.fields import Answer, Prose, Request


def _check_network(written: str) -> str:
    try:
        return str(ip_network(written.strip(), strict=False))
    except ValueError as error:
        raise ValueError(
            "须是地址或网段，如 10.1.0.0/16。It is an address or a network, such as 10.1.0.0/16."
        ) from error


GatewayName = Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
Network = Annotated[str, Field(max_length=50), AfterValidator(_check_network)]


class ReceiptAddressIn(Request):
    """The address of a gateway's receipts.

    Attributes:
        gateway: its name in the file of gateways.
        networks: from which pushes are taken; empty: from all.
        answer: what a push is answered, for a platform that wants certain words; empty: what the
            built-in vendors want.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"gateway": "mas", "networks": ["10.1.0.0/16"]}]},
    )

    gateway: GatewayName
    networks: Annotated[tuple[Network, ...], Field(max_length=50)] = ()
    answer: Annotated[Prose, Field(max_length=200)] = ""


class ReceiptAddressOut(Answer):
    """An address without its secret."""

    gateway: str
    networks: list[str]
    answer: str
    made_at: datetime
    made_by: str


class ReceiptAddressMade(ReceiptAddressOut):
    """A new address. `path` is shown now and never again; `renewed`: an earlier one ended."""

    path: str
    renewed: bool
