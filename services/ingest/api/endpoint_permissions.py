"""The permission that each endpoint needs.

These tables and those of `api.permissions` alone decide who may do what. The application refuses to
start when an endpoint stands in none of them. `api.callers` enforces them.
"""

from collections.abc import Iterable, Mapping

from services.ingest.api.permissions import Permission
from shared.schemas.life import Action

_P = Permission

OPEN = frozenset(
    {
        "GET /v1/openapi.json",
        "POST /v1/sessions",
        "GET /v1/sessions/openid",
        "POST /v1/sessions/openid",
        "POST /v1/sessions/openid/finish",
        "POST /v1/links/open",
        "POST /v1/links/renew",
        "GET /v1/feeds/{secret}.ics",
        "POST /v1/receipts/{gateway}/{secret}",
    }
)
"""Endpoints that need no token; the addresses of feeds and receipts and signed links are
themselves secrets."""

ENDPOINTS: Mapping[str, Permission] = {
    "GET /v1/office": _P.READ,
    "GET /v1/office/settings": _P.READ_DRAFTS,
    "PUT /v1/office/settings": _P.CHANGE_SETTINGS,
    "GET /v1/offices/summaries": _P.READ_SUBORDINATES,
    "GET /v1/rule-books": _P.READ,
    "POST /v1/rule-books": _P.PUBLISH_RULES,
    "GET /v1/rule-books/{version}": _P.READ_DRAFTS,
    "POST /v1/rule-books/{version}/roll-back": _P.PUBLISH_RULES,
    "GET /v1/rule-comparison": _P.READ_DRAFTS,
    "GET /v1/rule-drafts": _P.READ_DRAFTS,
    "POST /v1/rule-drafts": _P.DRAFT_RULES,
    "GET /v1/rule-drafts/{draft_id}": _P.READ_DRAFTS,
    "PUT /v1/rule-drafts/{draft_id}": _P.DRAFT_RULES,
    "DELETE /v1/rule-drafts/{draft_id}": _P.DRAFT_RULES,
    "GET /v1/rule-drafts/{draft_id}/effect": _P.READ_DRAFTS,
    "POST /v1/rule-drafts/{draft_id}/publish": _P.PUBLISH_RULES,
    "POST /v1/rule-drafts/{draft_id}/approve": _P.APPROVE_RULES,
    "POST /v1/rule-books/forecast": _P.READ_DRAFTS,
    "GET /v1/calendars": _P.READ,
    "POST /v1/calendars": _P.PUBLISH_RULES,
    "GET /v1/calendars/draft": _P.READ_DRAFTS,
    "POST /v1/calendars/draft": _P.PUBLISH_RULES,
    "DELETE /v1/calendars/draft": _P.PUBLISH_RULES,
    "POST /v1/calendars/draft/publish": _P.PUBLISH_RULES,
    "POST /v1/calendars/own-days": _P.PUBLISH_RULES,
    "GET /v1/calendars/{year}": _P.READ,
    "GET /v1/mutes": _P.READ_DRAFTS,
    "POST /v1/mutes": _P.PUBLISH_RULES,
    "POST /v1/mutes/{mute_id}/end": _P.PUBLISH_RULES,
    "GET /v1/holds": _P.READ_DRAFTS,
    "POST /v1/holds": _P.HANDLE_MESSAGES,
    "GET /v1/holds/{hold_id}/preview": _P.READ_DRAFTS,
    "POST /v1/holds/{hold_id}/release": _P.HANDLE_MESSAGES,
    "GET /v1/templates": _P.READ_DRAFTS,
    "POST /v1/templates/preview": _P.READ_DRAFTS,
    "GET /v1/templates/{kind}/{name}": _P.READ_DRAFTS,
    "GET /v1/templates/{kind}/{name}/versions": _P.READ_DRAFTS,
    "POST /v1/templates/{kind}/{name}": _P.PUBLISH_RULES,
    "POST /v1/templates/{kind}/{name}/roll-back": _P.PUBLISH_RULES,
    "GET /v1/tokens": _P.MANAGE_TOKENS,
    "POST /v1/tokens": _P.MANAGE_TOKENS,
    "DELETE /v1/tokens/{token_id}": _P.MANAGE_TOKENS,
    "GET /v1/users": _P.MANAGE_USERS,
    "POST /v1/users": _P.MANAGE_USERS,
    "GET /v1/users/{user_id}": _P.MANAGE_USERS,
    "POST /v1/users/{user_id}/disable": _P.MANAGE_USERS,
    "POST /v1/users/{user_id}/enable": _P.MANAGE_USERS,
    "POST /v1/users/{user_id}/reset": _P.MANAGE_USERS,
    "POST /v1/users/{user_id}/role": _P.MANAGE_USERS,
    "GET /v1/users/{user_id}/sessions": _P.MANAGE_USERS,
    "DELETE /v1/users/{user_id}/sessions": _P.MANAGE_USERS,
    "GET /v1/sessions": _P.USE_ACCOUNT,
    "DELETE /v1/sessions": _P.USE_ACCOUNT,
    "DELETE /v1/sessions/current": _P.USE_ACCOUNT,
    "DELETE /v1/sessions/{session_id}": _P.USE_ACCOUNT,
    "GET /v1/me": _P.IDENTIFY,
    "DELETE /v1/links/session": _P.IDENTIFY,
    "POST /v1/me/password": _P.USE_ACCOUNT,
    "POST /v1/me/totp": _P.USE_ACCOUNT,
    "POST /v1/me/totp/confirm": _P.USE_ACCOUNT,
    "POST /v1/me/totp/disable": _P.USE_ACCOUNT,
    "POST /v1/receipts": _P.DELIVER_RECEIPTS,
    "GET /v1/receipt-addresses": _P.MANAGE_TOKENS,
    "POST /v1/receipt-addresses": _P.MANAGE_TOKENS,
    "DELETE /v1/receipt-addresses/{gateway}": _P.MANAGE_TOKENS,
    "GET /v1/plans": _P.READ,
    "POST /v1/plans": _P.EDIT_PLANS,
    "GET /v1/plans/{plan_id}": _P.READ,
    "GET /v1/plans/{plan_id}/source": _P.READ_DRAFTS,
    "POST /v1/plans/{plan_id}/settlements": _P.EDIT_PLANS,
    "POST /v1/plans/{plan_id}/details": _P.EDIT_PLANS,
    "POST /v1/plans/{plan_id}/names": _P.EDIT_PLANS,
    "POST /v1/plans/{plan_id}/publish": _P.PUBLISH_PLANS,
    "GET /v1/plans/{plan_id}/directory-changes": _P.READ_DRAFTS,
    "POST /v1/plans/{plan_id}/directory-changes": _P.PUBLISH_PLANS,
    "GET /v1/plans/{plan_id}/revisions": _P.READ_DRAFTS,
    "POST /v1/plans/{plan_id}/revisions": _P.EDIT_PLANS,
    "GET /v1/plans/{plan_id}/revisions/{revision_id}": _P.READ_DRAFTS,
    "POST /v1/plans/{plan_id}/revisions/{revision_id}/pairs": _P.EDIT_PLANS,
    "POST /v1/plans/{plan_id}/revisions/{revision_id}/confirm": _P.PUBLISH_PLANS,
    "POST /v1/units/import": _P.EDIT_UNITS,
    "GET /v1/units": _P.READ,
    "GET /v1/units/unreachable": _P.READ_DRAFTS,
    "GET /v1/units/{unit_id}": _P.READ,
    "POST /v1/units/{unit_id}/contacts": _P.EDIT_UNITS,
    "POST /v1/units/{unit_id}/rename": _P.EDIT_UNITS,
    "POST /v1/units/{unit_id}/aliases": _P.EDIT_UNITS,
    "POST /v1/units/{unit_id}/retire": _P.EDIT_UNITS,
    "POST /v1/units/{unit_id}/links/revoke": _P.EDIT_UNITS,
    "POST /v1/units/{unit_id}/contact-proposals": _P.ANSWER,
    "GET /v1/contact-proposals": _P.READ,
    "GET /v1/contact-proposals/{proposal_id}": _P.READ,
    "POST /v1/contact-proposals/{proposal_id}/accept": _P.EDIT_UNITS,
    "POST /v1/contact-proposals/{proposal_id}/decline": _P.EDIT_UNITS,
    "POST /v1/contact-proposals/{proposal_id}/withdraw": _P.ANSWER,
    "GET /v1/units/{unit_id}/history": _P.READ,
    "GET /v1/units/{unit_id}/why": _P.READ,
    "GET /v1/units/{unit_id}/history.xlsx": _P.READ,
    "GET /v1/units/{unit_id}/history.csv": _P.READ,
    "GET /v1/units/{unit_id}/feed.ics": _P.READ,
    "GET /v1/units/{unit_id}/feed": _P.READ,
    "POST /v1/units/{unit_id}/feed": _P.ANSWER,
    "DELETE /v1/units/{unit_id}/feed": _P.ANSWER,
    "POST /v1/units/{unit_id}/hearings": _P.ANSWER,
    "GET /v1/ledger": _P.READ,
    "GET /v1/ledger/summary": _P.READ,
    "GET /v1/ledger/counts": _P.READ,
    "GET /v1/ledger/choices": _P.READ,
    "GET /v1/ledger/views": _P.READ_DRAFTS,
    "POST /v1/ledger/views": _P.EDIT_LEDGER,
    "DELETE /v1/ledger/views/{view_id}": _P.EDIT_LEDGER,
    "GET /v1/ledger.xlsx": _P.READ,
    "GET /v1/ledger.csv": _P.READ,
    "GET /v1/reports/days": _P.READ,
    "GET /v1/waiting": _P.READ_DRAFTS,
    "GET /v1/waiting/plans": _P.READ_DRAFTS,
    "GET /v1/extensions": _P.READ_DRAFTS,
    "GET /v1/objections": _P.READ_DRAFTS,
    "GET /v1/notifications": _P.READ_DRAFTS,
    "GET /v1/gateways": _P.READ_DRAFTS,
    "GET /v1/gateway-states": _P.READ_DRAFTS,
    "GET /v1/gateway-tests": _P.READ_DRAFTS,
    "POST /v1/gateway-tests": _P.CHANGE_SETTINGS,
    "GET /v1/replies": _P.READ_DRAFTS,
    "GET /v1/replies/{reply_id}": _P.READ_DRAFTS,
    "POST /v1/replies/{reply_id}/settle": _P.HANDLE_MESSAGES,
    "GET /v1/messages": _P.READ_DRAFTS,
    "GET /v1/messages/causes": _P.READ_DRAFTS,
    "GET /v1/messages/phone-list": _P.READ_DRAFTS,
    "GET /v1/messages/phone-list.xlsx": _P.READ_DRAFTS,
    "GET /v1/messages/affected": _P.READ_DRAFTS,
    "POST /v1/messages/actions": _P.HANDLE_MESSAGES,
    "GET /v1/messages/{notification_id}": _P.READ_DRAFTS,
    "POST /v1/messages/{notification_id}/resend": _P.HANDLE_MESSAGES,
    "POST /v1/messages/{notification_id}/cancel": _P.HANDLE_MESSAGES,
    "POST /v1/messages/{notification_id}/release": _P.HANDLE_MESSAGES,
    "POST /v1/messages/{notification_id}/address": _P.HANDLE_MESSAGES,
    "GET /v1/reports/summary": _P.READ,
    "GET /v1/reports/summary.xlsx": _P.READ,
    "GET /v1/reports/summary.docx": _P.READ,
    "POST /v1/obligations/{obligation_id}/status": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/extensions": _P.DECIDE_EXTENSIONS,
    "GET /v1/obligations/{obligation_id}": _P.READ,
    "GET /v1/obligations/{obligation_id}/timeline": _P.READ,
    "GET /v1/obligations/{obligation_id}/why": _P.READ,
    "POST /v1/obligations/{obligation_id}/accept": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/progress": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/submit": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/reopen": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/take-back": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/extend": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/object": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/complete": _P.REVIEW_REPORTS,
    "POST /v1/obligations/{obligation_id}/return": _P.REVIEW_REPORTS,
    "POST /v1/obligations/{obligation_id}/withdraw": _P.EDIT_LEDGER,
    "POST /v1/extensions/{extension_id}/grant": _P.DECIDE_EXTENSIONS,
    "POST /v1/extensions/{extension_id}/refuse": _P.DECIDE_EXTENSIONS,
    "POST /v1/extensions/{extension_id}/correct": _P.DECIDE_EXTENSIONS,
    "POST /v1/extensions/{extension_id}/take-back": _P.DECIDE_EXTENSIONS,
    "POST /v1/extensions/{extension_id}/withdraw": _P.ANSWER,
    "POST /v1/objections/{objection_id}/uphold": _P.DECIDE_OBJECTIONS,
    "POST /v1/objections/{objection_id}/reject": _P.DECIDE_OBJECTIONS,
    "POST /v1/objections/{objection_id}/withdraw": _P.ANSWER,
    "POST /v1/hearings/{hearing_id}/take-back": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/evidence": _P.ANSWER,
    "POST /v1/obligations/{obligation_id}/files": _P.ANSWER,
    "GET /v1/evidence/{evidence_id}/file": _P.READ,
    "POST /v1/evidence/{evidence_id}/take-back": _P.ANSWER,
    "POST /v1/plans/{plan_id}/joint": _P.EDIT_PLANS,
    "POST /v1/plans/{plan_id}/withdraw": _P.PUBLISH_PLANS,
    "POST /v1/plans/{plan_id}/measures/{ref}/withdraw": _P.PUBLISH_PLANS,
    "DELETE /v1/plans/{plan_id}": _P.EDIT_PLANS,
    "GET /v1/dead-letters": _P.HANDLE_DEAD_LETTERS,
    "GET /v1/dead-letters/causes": _P.HANDLE_DEAD_LETTERS,
    "GET /v1/dead-letters/{letter_id}": _P.HANDLE_DEAD_LETTERS,
    "POST /v1/dead-letters/{letter_id}/replay": _P.HANDLE_DEAD_LETTERS,
    "POST /v1/dead-letters/{letter_id}/discard": _P.HANDLE_DEAD_LETTERS,
    "GET /v1/journal": _P.READ_JOURNAL,
    "GET /v1/audit/verify": _P.READ_JOURNAL,
    "GET /v1/audit/expected": _P.READ_JOURNAL,
    "GET /v1/proof.zip": _P.READ_JOURNAL,
}
"""The permission that each endpoint needs, by method and path as the description has them."""


def list_permitted(
    actions: Iterable[Action], permissions: frozenset[Permission]
) -> tuple[Action, ...]:
    """Those actions on an obligation that a caller may take. Who decides about dates sets one."""
    return tuple(
        action
        for action in actions
        if ENDPOINTS[f"POST /v1/obligations/{{obligation_id}}/{action}"] in permissions
        or (action is Action.EXTEND and _P.DECIDE_EXTENSIONS in permissions)
    )


def check_endpoints(described: Iterable[str]) -> None:
    """Make sure that each endpoint has a permission, and that no other endpoint is listed.

    Raises:
        LookupError: the tables and the application differ.
    """
    listed = ENDPOINTS.keys() | OPEN
    endpoints = set(described)
    missing, unknown = endpoints - listed, ENDPOINTS.keys() - endpoints
    if missing or unknown:
        raise LookupError(
            "services/ingest/api/endpoint_permissions.py: endpoints without a permission: "
            f"{sorted(missing)}; permissions without an endpoint: {sorted(unknown)}."
        )
