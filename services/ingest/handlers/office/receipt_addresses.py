"""The addresses to which gateways push receipts: made, renewed, ended, and recognised.

A platform can't send a token, so the address is the secret. Each belongs to one gateway of one
office: what is pushed to it can concern no other.
"""

import hashlib
import secrets
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note
from services.ingest.store import offices
from services.ingest.store import receipt_addresses as store
from services.ingest.store.receipt_addresses import StoredReceiptAddress

_BYTES = 32
_LONGEST = 100
"""Characters of a secret; a longer one is none of ours."""


@dataclass(frozen=True, slots=True)
class NewReceiptAddress:
    """An address with its secret, which is shown once; `renewed`: an earlier one ended."""

    stored: StoredReceiptAddress
    secret: str
    renewed: bool


async def make_address(
    db: AsyncConnection, act: Act, gateway: str, networks: tuple[str, ...], answer: str
) -> NewReceiptAddress:
    """Make a gateway's address, or renew its secret; the earlier address ends at once."""
    name = gateway.lower()
    await offices.lock_name(db, "receipt-address", act.office_id, name)
    earlier = await store.find(db, act.office_id, name)
    secret = secrets.token_urlsafe(_BYTES)
    stored = StoredReceiptAddress(act.office_id, name, networks, answer, act.now, act.actor)
    await store.put(db, stored, _compute_digest(secret))
    action = "receipt-address.renewed" if earlier else "receipt-address.made"
    before = _describe(earlier) if earlier else None
    await note(db, act, action, name, before=before, after=_describe(stored))
    return NewReceiptAddress(stored, secret, earlier is not None)


async def end_address(db: AsyncConnection, act: Act, gateway: str) -> None:
    """End a gateway's address: what is pushed to it is refused.

    Raises:
        RefusedError: the gateway has none.
    """
    name = gateway.lower()
    await offices.lock_name(db, "receipt-address", act.office_id, name)
    earlier = await store.find(db, act.office_id, name)
    if earlier is None:
        raise RefusedError(
            Fault.NOT_FOUND,
            "该网关没有回执地址。The gateway has no address for receipts.",
            "可能已经停用。It may have been ended already.",
        )
    await store.remove(db, act.office_id, name)
    await note(db, act, "receipt-address.ended", name, before=_describe(earlier))


async def recognise(
    db: AsyncConnection, gateway: str, secret: str, caller: str
) -> StoredReceiptAddress | None:
    """The address that a push came to; None when gateway, secret or the caller's network is wrong.

    Args:
        db: a connection that belongs to no office.
        gateway: as the address has it.
        secret: as the address has it.
        caller: the IP address of who pushes.
    """
    if len(secret) > _LONGEST:
        return None
    address = await store.find_by_secret(db, gateway.lower(), _compute_digest(secret))
    if address is None or not _is_within(caller, address.networks):
        return None
    return address


def _is_within(caller: str, networks: tuple[str, ...]) -> bool:
    if not networks:
        return True
    try:
        address = ip_address(caller)
    except ValueError:
        return False
    return any(address in ip_network(network) for network in networks)


def _describe(address: StoredReceiptAddress) -> dict[str, object]:
    return {
        "networks": list(address.networks),
        "answer": address.answer,
        "made_at": address.made_at.isoformat(),
    }


def _compute_digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
