"""Who may do what: the permission that each endpoint needs, and who has which permission.

These tables alone decide it. The application refuses to start when an endpoint stands in none of
them. `api.callers` enforces them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from services.ingest.domain.accounts import AccountRole
from services.ingest.handlers.office.tokens import Scope
from shared.schemas.life import Action


class Permission(StrEnum):
    """What a caller must have to use an endpoint."""

    IDENTIFY = "identify"
    """To see who the caller is; every valid token has it."""
    READ = "read"
    """To read what is published: plans, ledger, directory, rules. A unit reads its own."""
    READ_DRAFTS = "read-drafts"
    """To read the office's unfinished work: drafts, revisions and what waits for a decision."""
    READ_SUBORDINATES = "read-subordinates"
    """To read the summaries of other offices that were granted to this one."""
    READ_JOURNAL = "read-journal"
    """To read the journal and the audits."""
    ANSWER = "answer"
    """To answer for a unit: accept, report, ask for an extension, object, record a hearing."""
    EDIT_PLANS = "edit-plans"
    """To import, settle and revise plans, up to their publication."""
    PUBLISH_PLANS = "publish-plans"
    """To publish a plan and to confirm a revision."""
    EDIT_UNITS = "edit-units"
    """To change the directory."""
    EDIT_LEDGER = "edit-ledger"
    """To correct or withdraw what stands in the ledger, with a reason; to name lists of it."""
    REVIEW_REPORTS = "review-reports"
    """To complete what a unit reported as done, or to return it."""
    DECIDE_EXTENSIONS = "decide-extensions"
    """To grant or refuse a later date."""
    DECIDE_OBJECTIONS = "decide-objections"
    """To uphold or reject an objection of a unit."""
    DRAFT_RULES = "draft-rules"
    """To write drafts of the rule book."""
    PUBLISH_RULES = "publish-rules"
    """To publish rule books and calendars."""
    APPROVE_RULES = "approve-rules"
    """To approve, as a second person, rules that change what many units hear. No token has it."""
    """To publish rule books and calendars, and to mute reminders."""
    CHANGE_SETTINGS = "change-settings"
    """To change the settings of the office."""
    DELIVER_RECEIPTS = "deliver-receipts"
    """To report what became of a message, as a gateway does."""
    MANAGE_TOKENS = "manage-tokens"
    """To issue and revoke tokens."""
    MANAGE_USERS = "manage-users"
    """To make, disable and reset accounts of people, and to end their sessions."""
    USE_ACCOUNT = "use-account"
    """To manage the own account: sessions, password, one-time codes. Only people have one."""


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
    }
)
"""Endpoints that need no token; the address of a feed and a signed link are themselves secrets."""

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
    "GET /v1/journal": _P.READ_JOURNAL,
    "GET /v1/audit/verify": _P.READ_JOURNAL,
    "GET /v1/audit/expected": _P.READ_JOURNAL,
}
"""The permission that each endpoint needs, by method and path as the description has them."""

_READING = frozenset({_P.READ, _P.READ_DRAFTS, _P.READ_SUBORDINATES})
_EDITING = frozenset({_P.EDIT_PLANS, _P.EDIT_UNITS, _P.EDIT_LEDGER, _P.DRAFT_RULES})
_DECIDING = frozenset(
    {
        _P.PUBLISH_PLANS,
        _P.PUBLISH_RULES,
        _P.REVIEW_REPORTS,
        _P.DECIDE_EXTENSIONS,
        _P.DECIDE_OBJECTIONS,
    }
)

BY_SCOPE: Mapping[Scope, frozenset[Permission]] = {
    Scope.READ: _READING,
    Scope.REPORT: frozenset({_P.ANSWER, _P.DELIVER_RECEIPTS}),
    Scope.MANAGE: _EDITING | _DECIDING | {_P.READ_JOURNAL, _P.CHANGE_SETTINGS},
    Scope.ADMIN: frozenset({_P.MANAGE_TOKENS, _P.MANAGE_USERS}),
}
"""The permissions of a token, by scope. No scope includes another."""

BY_ROLE: Mapping[AccountRole, frozenset[Permission]] = {
    AccountRole.ADMIN: frozenset(Permission),
    AccountRole.EDITOR: _READING | _EDITING | {_P.READ_JOURNAL, _P.ANSWER, _P.USE_ACCOUNT},
    AccountRole.APPROVER: _READING
    | _DECIDING
    | {_P.APPROVE_RULES, _P.READ_JOURNAL, _P.USE_ACCOUNT},
    AccountRole.VIEWER: _READING | {_P.USE_ACCOUNT},
    AccountRole.UNIT: frozenset({_P.READ, _P.ANSWER, _P.USE_ACCOUNT}),
}
"""The permissions of a person's account, by role."""

OF_A_UNIT = frozenset({_P.IDENTIFY, _P.READ, _P.ANSWER, _P.USE_ACCOUNT})
"""The most that a caller who is bound to a unit may do, whatever its scopes or role."""


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


def list_permissions(
    granted: Iterable[frozenset[Permission]], *, of_unit: bool
) -> frozenset[Permission]:
    """All that a caller may do who was granted these sets; bound to a unit, what a unit may."""
    everything = frozenset({_P.IDENTIFY}).union(*granted)
    return everything & OF_A_UNIT if of_unit else everything


def describe_holders(permission: Permission) -> str:
    """The scopes and roles that have a permission, in words."""
    scopes = ", ".join(scope for scope, granted in BY_SCOPE.items() if permission in granted)
    roles = ", ".join(role for role, granted in BY_ROLE.items() if permission in granted)
    return (
        f"令牌范围：{scopes or '无'}；角色：{roles or '无'}。"
        f"Scopes that have it: {scopes or 'none'}. Roles that have it: {roles or 'none'}."
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
            "services/ingest/api/permissions.py: endpoints without a permission: "
            f"{sorted(missing)}; permissions without an endpoint: {sorted(unknown)}."
        )
