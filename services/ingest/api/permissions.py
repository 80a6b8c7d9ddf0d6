"""The permissions, and who has which: tokens by their scopes, people by their role.

`api.endpoint_permissions` has the permission that each endpoint needs.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from services.ingest.domain.accounts import AccountRole
from services.ingest.handlers.office.tokens import Scope


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
    """To read the journal and the audits, and to export proofs of notice."""
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
    """To publish rule books, calendars and templates of messages, and to mute reminders."""
    APPROVE_RULES = "approve-rules"
    """To approve, as a second person, rules that change what many units hear. No token has it."""
    CHANGE_SETTINGS = "change-settings"
    """To change the settings of the office."""
    HANDLE_MESSAGES = "handle-messages"
    """To send messages again, cancel, release and readdress them; to hold all sending."""
    HANDLE_DEAD_LETTERS = "handle-dead-letters"
    """To see, replay and discard records that a service could not apply."""
    DELIVER_RECEIPTS = "deliver-receipts"
    """To report what became of a message, as a gateway does."""
    MANAGE_TOKENS = "manage-tokens"
    """To issue and revoke tokens, and the secret addresses of receipts."""
    MANAGE_USERS = "manage-users"
    """To make, disable and reset accounts of people, and to end their sessions."""
    USE_ACCOUNT = "use-account"
    """To manage the own account: sessions, password, one-time codes. Only people have one."""


_P = Permission

_READING = frozenset({_P.READ, _P.READ_DRAFTS, _P.READ_SUBORDINATES})
_EDITING = frozenset(
    {_P.EDIT_PLANS, _P.EDIT_UNITS, _P.EDIT_LEDGER, _P.DRAFT_RULES, _P.HANDLE_MESSAGES}
)
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
    Scope.ADMIN: frozenset({_P.MANAGE_TOKENS, _P.MANAGE_USERS, _P.HANDLE_DEAD_LETTERS}),
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
