"""投递 › 网关: how each gateway is and did lately, and a test message through one of them."""

from collections.abc import Sequence
from itertools import groupby

from fastapi import APIRouter
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.forms import Form, Posted
from services.console.shell.visits import SignedIn, Visit
from shared.api.gateways import GatewayTestOut, GatewayUseOut, ReportedGatewayOut

ROUTER = APIRouter()
_PAGE = "/messages/gateways"
_LATEST = 10
"""How many tests are shown."""


@ROUTER.get(_PAGE)
async def show_gateways(visit: SignedIn) -> Response:
    """How the notifier sees each gateway, the latest tests, and the use in the last week."""
    visit.require("read-drafts")
    return await _render(visit, Form())


@ROUTER.post(_PAGE)
async def send_test(visit: SignedIn, form: Posted) -> Response:
    """Ask the notifier for a test message."""
    visit.require("change-settings")
    body = {"gateway": form["gateway"], "address": form["address"]}
    try:
        await visit.api.post(GatewayTestOut, "/v1/gateway-tests", body, form.key)
    except ApiError as error:
        return await _render(visit, form.refuse(visit, error), error.status)
    text = visit.gettext("已提出测试，稍后刷新本页看结果。")
    return visit.redirect(_PAGE, text)


async def _render(visit: Visit, form: Form, status: int = 200) -> Response:
    seen = (await visit.api.list_page(ReportedGatewayOut, "/v1/gateway-states")).items
    tests = (await visit.api.list_page(GatewayTestOut, "/v1/gateway-tests", limit=_LATEST)).items
    used = await visit.api.list_page(GatewayUseOut, "/v1/gateways", days=7)
    return visit.render(
        "messages/gateways.html",
        status,
        states=_group(seen),
        testable=[(name, name) for name in dict.fromkeys(_list_names(seen))],
        tests=tests,
        waits=any(each.answered_at is None for each in tests),
        gateways=used.items,
        form=form,
    )


def _group(seen: Sequence[ReportedGatewayOut]) -> list[tuple[ReportedGatewayOut, bool]]:
    """What was seen, each with whether it is the first of its gateway."""
    groups = groupby(seen, key=lambda each: (each.state.channel, each.state.name))
    return [(each, not place) for _, same in groups for place, each in enumerate(same)]


def _list_names(seen: Sequence[ReportedGatewayOut]) -> list[str]:
    """The gateways that a running process tells of."""
    return [each.state.name for each in seen if not each.silent]
