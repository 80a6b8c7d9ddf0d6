"""Tests of gateways: a person asks for one, the notifier sends it and answers."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.addresses import shorten_address
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.acting import Act, note, tell
from services.ingest.handlers.messages.gateway_states import list_states
from services.ingest.handlers.office.rules import get_office_zone
from services.ingest.handlers.units.cells import parse_email, parse_mobile
from services.ingest.store import gateway_tests as store
from services.ingest.store import offices
from services.ingest.store.gateway_tests import StoredTest
from shared.schemas.gateway_states import GatewayTestRequested
from shared.schemas.rules import Channel

MOST = 20
"""Tests that an office may ask for within `PERIOD`: enough to set gateways up, too few to write to
many people."""
PERIOD = timedelta(hours=1)


async def request_test(db: AsyncConnection, act: Act, gateway: str, address: str) -> StoredTest:
    """Ask the notifier to send one test message through a gateway.

    Raises:
        RefusedError: no process tells of such a gateway; the address is none of its channel; the
            office has asked for too many.
    """
    channel = await _find_channel(db, gateway)
    try:
        parsed = parse_email(address) if channel == Channel.EMAIL else parse_mobile(address)
    except ValueError as error:
        raise RefusedError(Fault.INVALID, str(error)) from error
    zone = await get_office_zone(db, act.office_id)
    await offices.lock_name(db, "gateway-tests", act.office_id)
    earlier = await store.list_instants(db, act.office_id, act.now - PERIOD)
    if len(earlier) >= MOST:
        free_at = (earlier[-MOST] + PERIOD).astimezone(zone)
        raise RefusedError(
            Fault.TOO_MANY,
            f"一小时内最多测试 {MOST} 次。At most {MOST} tests in an hour.",
            f"{free_at:%H:%M} 后可再测试。The next one is possible after {free_at:%H:%M}.",
        )
    wanted = StoredTest(
        request_id=uuid4(),
        office_id=act.office_id,
        gateway=gateway,
        channel=channel,
        address=shorten_address(parsed),
        actor=act.actor,
        requested_at=act.now,
    )
    await store.add_test(db, wanted)
    event = GatewayTestRequested(
        office_id=act.office_id,
        request_id=wanted.request_id,
        gateway=gateway,
        address=parsed,
        requested_at=act.now,
        timezone=zone.key,
    )
    await tell(db, act, event, event.request_id)
    after = {"request_id": str(wanted.request_id), "address": wanted.address}
    await note(db, act, "gateway.tested", gateway, after=after)
    return wanted


async def _find_channel(db: AsyncConnection, gateway: str) -> str:
    """The channel of a gateway that a running process of the notifier tells of.

    Raises:
        RefusedError: none does.
    """
    seen = [each.state for each in await list_states(db) if not each.silent]
    channel = next((each.channel for each in seen if each.name == gateway), None)
    if channel is None:
        names = "、".join(sorted({each.name for each in seen})) or "—"
        raise RefusedError(
            Fault.NOT_FOUND,
            f"通知服务没有报告网关 {gateway}。The notifier tells of no gateway {gateway}.",
            f"现有：{names}。There are: {names}.",
        )
    return channel
