"""Who may use each address of the API: one row per endpoint, taken from the application itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.settings import IngestSettings
from shared.clock import SystemClock
from tests.integration.ingest.two_units import Office, make_office

pytestmark = pytest.mark.integration


STATUS = {"status": "in-progress"}


HEARING = {"heard_on": "2023-05-18", "heard_by": "局长"}


STALE = {"version": 0, "note": "x"}


LATER_DATE = STALE | {"due_on": "2023-12-31"}


PERSON = {"post": "liaison", "name": "李四", "mobile": "13900000009"}


RECEIPT = {"gateway": "sms", "gateway_message_id": "1", "state": "delivered"}


@dataclass(frozen=True)
class Access:
    """What an endpoint answers.

    `scope` is the one that it needs, `any` for each of them, and None for an address that is open
    to all; no token will do where it is `a session`. `own` is the status
    that a unit's token with `read` and `report` gets on what is its own or told to every unit,
    `foreign` the one on what it may not see: a draft, a revision, another unit. `body` is what a
    unit's token sends.
    """

    scope: str | None
    own: int
    foreign: int = 0
    body: Any = None


TABLE = {
    "GET /v1/openapi.json": Access(None, 200),
    "GET /v1/office": Access("read", 200),
    "GET /v1/office/settings": Access("read", 403),
    "PUT /v1/office/settings": Access("manage", 403),
    "GET /v1/offices/summaries": Access("read", 403),
    "GET /v1/rule-books": Access("read", 200),
    "POST /v1/rule-books": Access("manage", 403),
    "GET /v1/rule-books/{version}": Access("read", 403),
    "POST /v1/rule-books/{version}/roll-back": Access("manage", 403),
    "GET /v1/rule-comparison": Access("read", 403),
    "GET /v1/rule-drafts": Access("read", 403),
    "POST /v1/rule-drafts": Access("manage", 403),
    "GET /v1/rule-drafts/{draft_id}": Access("read", 403),
    "PUT /v1/rule-drafts/{draft_id}": Access("manage", 403),
    "DELETE /v1/rule-drafts/{draft_id}": Access("manage", 403),
    "GET /v1/rule-drafts/{draft_id}/effect": Access("read", 403),
    "POST /v1/rule-drafts/{draft_id}/publish": Access("manage", 403),
    "POST /v1/rule-drafts/{draft_id}/approve": Access("a session", 403),
    "POST /v1/rule-books/forecast": Access("read", 403),
    "GET /v1/calendars": Access("read", 200),
    "POST /v1/calendars": Access("manage", 403),
    "GET /v1/calendars/draft": Access("read", 403),
    "POST /v1/calendars/draft": Access("manage", 403),
    "DELETE /v1/calendars/draft": Access("manage", 403),
    "POST /v1/calendars/draft/publish": Access("manage", 403),
    "POST /v1/calendars/own-days": Access("manage", 403),
    "GET /v1/calendars/{year}": Access("read", 200),
    "GET /v1/mutes": Access("read", 403),
    "POST /v1/mutes": Access("manage", 403),
    "POST /v1/mutes/{mute_id}/end": Access("manage", 403),
    "GET /v1/holds": Access("read", 403),
    "POST /v1/holds": Access("manage", 403),
    "GET /v1/holds/{hold_id}/preview": Access("read", 403),
    "POST /v1/holds/{hold_id}/release": Access("manage", 403),
    "GET /v1/templates": Access("read", 403),
    "POST /v1/templates/preview": Access("read", 403),
    "GET /v1/templates/{kind}/{name}": Access("read", 403),
    "GET /v1/templates/{kind}/{name}/versions": Access("read", 403),
    "POST /v1/templates/{kind}/{name}": Access("manage", 403),
    "POST /v1/templates/{kind}/{name}/roll-back": Access("manage", 403),
    "GET /v1/tokens": Access("admin", 403),
    "POST /v1/tokens": Access("admin", 403),
    "DELETE /v1/tokens/{token_id}": Access("admin", 403),
    "GET /v1/users": Access("admin", 403),
    "POST /v1/users": Access("admin", 403),
    "GET /v1/users/{user_id}": Access("admin", 403),
    "POST /v1/users/{user_id}/disable": Access("admin", 403),
    "POST /v1/users/{user_id}/enable": Access("admin", 403),
    "POST /v1/users/{user_id}/reset": Access("admin", 403),
    "POST /v1/users/{user_id}/role": Access("admin", 403),
    "GET /v1/users/{user_id}/sessions": Access("admin", 403),
    "DELETE /v1/users/{user_id}/sessions": Access("admin", 403),
    "POST /v1/sessions": Access(None, 422),
    "GET /v1/sessions/openid": Access(None, 200),
    "POST /v1/sessions/openid": Access(None, 422),
    "POST /v1/sessions/openid/finish": Access(None, 422),
    "GET /v1/sessions": Access("a session", 403),
    "DELETE /v1/sessions": Access("a session", 403),
    "DELETE /v1/sessions/current": Access("a session", 403),
    "DELETE /v1/sessions/{session_id}": Access("a session", 403),
    "GET /v1/me": Access("any", 200),
    "POST /v1/me/password": Access("a session", 403),
    "POST /v1/me/totp": Access("a session", 403),
    "POST /v1/me/totp/confirm": Access("a session", 403),
    "POST /v1/me/totp/disable": Access("a session", 403),
    "POST /v1/receipts": Access("report", 403, body=RECEIPT),
    "POST /v1/receipts/{gateway}/{secret}": Access(None, 404),
    "GET /v1/receipt-addresses": Access("admin", 403),
    "POST /v1/receipt-addresses": Access("admin", 403),
    "DELETE /v1/receipt-addresses/{gateway}": Access("admin", 403),
    "GET /v1/plans": Access("read", 200),
    "POST /v1/plans": Access("manage", 403),
    "GET /v1/plans/{plan_id}": Access("read", 200, 404),
    "GET /v1/plans/{plan_id}/source": Access("read", 403, 403),
    "POST /v1/plans/{plan_id}/settlements": Access("manage", 403, 403),
    "POST /v1/plans/{plan_id}/details": Access("manage", 403, 403),
    "POST /v1/plans/{plan_id}/names": Access("manage", 403, 403),
    "POST /v1/plans/{plan_id}/publish": Access("manage", 403, 403),
    "POST /v1/plans/{plan_id}/withdraw": Access("manage", 403, 403),
    "POST /v1/plans/{plan_id}/measures/{ref}/withdraw": Access("manage", 403, 403),
    "DELETE /v1/plans/{plan_id}": Access("manage", 403, 403),
    "GET /v1/plans/{plan_id}/directory-changes": Access("read", 403, 403),
    "POST /v1/plans/{plan_id}/directory-changes": Access("manage", 403, 403),
    "GET /v1/plans/{plan_id}/revisions": Access("read", 403, 403),
    "POST /v1/plans/{plan_id}/revisions": Access("manage", 403, 403),
    "GET /v1/plans/{plan_id}/revisions/{revision_id}": Access("read", 403, 403),
    "POST /v1/plans/{plan_id}/revisions/{revision_id}/pairs": Access("manage", 403, 403),
    "POST /v1/plans/{plan_id}/revisions/{revision_id}/confirm": Access("manage", 403, 403),
    "POST /v1/units/import": Access("manage", 403),
    "GET /v1/units": Access("read", 200),
    "GET /v1/units/{unit_id}": Access("read", 200, 404),
    "POST /v1/units/{unit_id}/contacts": Access("manage", 403, 403),
    "POST /v1/units/{unit_id}/rename": Access("manage", 403, 403),
    "POST /v1/units/{unit_id}/aliases": Access("manage", 403, 403),
    "POST /v1/units/{unit_id}/retire": Access("manage", 403, 403),
    "POST /v1/units/{unit_id}/links/revoke": Access("manage", 403, 403),
    "POST /v1/links/open": Access(None, 422),
    "POST /v1/links/renew": Access(None, 422),
    "DELETE /v1/links/session": Access("any", 404),
    "POST /v1/units/{unit_id}/contact-proposals": Access("report", 201, 404, PERSON),
    "GET /v1/contact-proposals": Access("read", 200),
    "GET /v1/contact-proposals/{proposal_id}": Access("read", 404, 404),
    "POST /v1/contact-proposals/{proposal_id}/accept": Access("manage", 403, 403),
    "POST /v1/contact-proposals/{proposal_id}/decline": Access("manage", 403, 403),
    "POST /v1/contact-proposals/{proposal_id}/withdraw": Access("report", 404, 404, {}),
    "GET /v1/units/{unit_id}/history": Access("read", 200, 404),
    "GET /v1/units/{unit_id}/history.xlsx": Access("read", 200, 404),
    "GET /v1/units/{unit_id}/why": Access("read", 200, 404),
    "GET /v1/units/{unit_id}/history.csv": Access("read", 200, 404),
    "GET /v1/units/{unit_id}/feed.ics": Access("read", 200, 404),
    "GET /v1/units/{unit_id}/feed": Access("read", 200, 404),
    "POST /v1/units/{unit_id}/feed": Access("report", 201, 404),
    "DELETE /v1/units/{unit_id}/feed": Access("report", 404, 404),
    "GET /v1/units/unreachable": Access("read", 403),
    "POST /v1/units/{unit_id}/hearings": Access("report", 201, 404, HEARING),
    "GET /v1/ledger": Access("read", 200),
    "GET /v1/ledger/summary": Access("read", 200),
    "GET /v1/ledger/counts": Access("read", 200),
    "GET /v1/ledger/choices": Access("read", 200),
    "GET /v1/ledger/views": Access("read", 403),
    "POST /v1/ledger/views": Access("manage", 403),
    "DELETE /v1/ledger/views/{view_id}": Access("manage", 403),
    "GET /v1/ledger.xlsx": Access("read", 200),
    "GET /v1/ledger.csv": Access("read", 200),
    "GET /v1/reports/days": Access("read", 422),
    "GET /v1/waiting": Access("read", 403),
    "GET /v1/waiting/plans": Access("read", 403),
    "GET /v1/extensions": Access("read", 403),
    "GET /v1/objections": Access("read", 403),
    "GET /v1/notifications": Access("read", 403),
    "GET /v1/gateways": Access("read", 403),
    "GET /v1/gateway-states": Access("read", 403),
    "GET /v1/gateway-tests": Access("read", 403),
    "POST /v1/gateway-tests": Access("manage", 403),
    "GET /v1/replies": Access("read", 403),
    "GET /v1/replies/{reply_id}": Access("read", 403, 403),
    "POST /v1/replies/{reply_id}/settle": Access("manage", 403, 403),
    "GET /v1/messages": Access("read", 403),
    "GET /v1/messages/causes": Access("read", 403),
    "GET /v1/messages/phone-list": Access("read", 403),
    "GET /v1/messages/phone-list.xlsx": Access("read", 403),
    "GET /v1/messages/affected": Access("read", 403),
    "POST /v1/messages/actions": Access("manage", 403),
    "GET /v1/messages/{notification_id}": Access("read", 403, 403),
    "POST /v1/messages/{notification_id}/resend": Access("manage", 403, 403),
    "POST /v1/messages/{notification_id}/cancel": Access("manage", 403, 403),
    "POST /v1/messages/{notification_id}/release": Access("manage", 403, 403),
    "POST /v1/messages/{notification_id}/address": Access("manage", 403, 403),
    "GET /v1/reports/summary": Access("read", 200),
    "GET /v1/reports/summary.xlsx": Access("read", 200),
    "GET /v1/reports/summary.docx": Access("read", 200),
    "GET /v1/feeds/{secret}.ics": Access(None, 404),
    "POST /v1/obligations/{obligation_id}/status": Access("report", 200, 404, STATUS),
    "POST /v1/obligations/{obligation_id}/extensions": Access("manage", 403, 403),
    "GET /v1/obligations/{obligation_id}": Access("read", 200, 404),
    "GET /v1/obligations/{obligation_id}/timeline": Access("read", 200, 404),
    "GET /v1/obligations/{obligation_id}/why": Access("read", 200, 404),
    "POST /v1/obligations/{obligation_id}/accept": Access("report", 409, 404, STALE),
    "POST /v1/obligations/{obligation_id}/progress": Access("report", 409, 404, STALE),
    "POST /v1/obligations/{obligation_id}/submit": Access("report", 409, 404, STALE),
    "POST /v1/obligations/{obligation_id}/reopen": Access("report", 409, 404, STALE),
    "POST /v1/obligations/{obligation_id}/take-back": Access("report", 409, 404, STALE),
    "POST /v1/obligations/{obligation_id}/object": Access("report", 409, 404, STALE),
    "POST /v1/obligations/{obligation_id}/extend": Access("report", 409, 404, LATER_DATE),
    "POST /v1/obligations/{obligation_id}/complete": Access("manage", 403, 403),
    "POST /v1/obligations/{obligation_id}/return": Access("manage", 403, 403),
    "POST /v1/obligations/{obligation_id}/withdraw": Access("manage", 403, 403),
    "POST /v1/extensions/{extension_id}/grant": Access("manage", 403, 403),
    "POST /v1/extensions/{extension_id}/refuse": Access("manage", 403, 403),
    "POST /v1/extensions/{extension_id}/correct": Access("manage", 403, 403),
    "POST /v1/extensions/{extension_id}/take-back": Access("manage", 403, 403),
    "POST /v1/extensions/{extension_id}/withdraw": Access("report", 404, 404, {}),
    "POST /v1/objections/{objection_id}/uphold": Access("manage", 403, 403),
    "POST /v1/objections/{objection_id}/reject": Access("manage", 403, 403),
    "POST /v1/objections/{objection_id}/withdraw": Access("report", 404, 404, {}),
    "POST /v1/hearings/{hearing_id}/take-back": Access("report", 404, 404, {"note": "x"}),
    "POST /v1/obligations/{obligation_id}/evidence": Access("report", 200, 404, {"note": "x"}),
    "POST /v1/obligations/{obligation_id}/files": Access("report", 422, 404),
    "GET /v1/evidence/{evidence_id}/file": Access("read", 404, 404),
    "POST /v1/evidence/{evidence_id}/take-back": Access("report", 404, 404, {"note": "x"}),
    "POST /v1/plans/{plan_id}/joint": Access("manage", 403, 403),
    "GET /v1/dead-letters": Access("admin", 403),
    "GET /v1/dead-letters/causes": Access("admin", 403),
    "GET /v1/dead-letters/{letter_id}": Access("admin", 403, 403),
    "POST /v1/dead-letters/{letter_id}/replay": Access("admin", 403, 403),
    "POST /v1/dead-letters/{letter_id}/discard": Access("admin", 403, 403),
    "GET /v1/journal": Access("manage", 403),
    "GET /v1/audit/verify": Access("manage", 403),
    "GET /v1/audit/expected": Access("manage", 403),
    "GET /v1/proof.zip": Access("manage", 403),
}


NOTHING = {"unknown": "field"}
"""What no endpoint takes, so that a token which may use it changes nothing."""


def endpoints(app: FastAPI) -> Iterator[str]:
    """Method and path of every route of an application, those of its routers too."""
    pending: list[Any] = list(app.routes)
    while pending:
        route = pending.pop()
        if hasattr(route, "methods"):
            yield from (f"{method} {route.path}" for method in route.methods - {"HEAD"})
        else:  # a router; anything else fails here
            pending += getattr(route, "original_router", route).routes


@pytest.fixture
async def office(api: Any) -> Office:
    return await make_office(api)


def test_every_endpoint_of_the_application_stands_in_the_table() -> None:
    app = create_application(ApiContext(None, SystemClock(), IngestSettings(), None))  # type: ignore[arg-type]
    assert sorted(endpoints(app)) == sorted(TABLE)


async def test_each_endpoint_needs_its_scope_and_shows_a_unit_its_own(office: Office) -> None:
    scopes = ("read", "report", "manage", "admin")
    clients = {scope: await office.api.open_as(scope) for scope in scopes}
    nobody = office.api.open("none")
    wrong = []
    for endpoint, access in TABLE.items():
        method, _, path = endpoint.partition(" ")
        seen: dict[str, int] = {}
        at = path.format(**office.own)
        for scope, client in {**clients, "nobody": nobody}.items():
            seen[scope] = (await client.request(method, at, json=NOTHING)).status_code
        expected = {scope: access.scope in {scope, "any", None} for scope in scopes}
        expected["nobody"] = access.scope is None
        refusal = dict.fromkeys(scopes, 403) | {"nobody": 401}
        wrong += [
            (endpoint, who, seen[who])
            for who, allowed in expected.items()
            if (seen[who] in {401, 403}) == allowed or not (allowed or seen[who] == refusal[who])
        ]
        seen["own"] = (await office.unit.request(method, at, json=access.body)).status_code
        wrong += [(endpoint, "own", seen["own"])] if seen["own"] != access.own else []
        if "{" in path and access.foreign:
            there = path.format(**office.foreign)
            status = (await office.unit.request(method, there, json=access.body)).status_code
            wrong += [(endpoint, "foreign", status)] if status != access.foreign else []
    assert wrong == []
