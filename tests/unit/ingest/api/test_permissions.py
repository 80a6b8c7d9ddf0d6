"""Permissions: each endpoint has one, and scopes and roles have what the handbook promises."""

import pytest

from services.ingest.api.application import create_application
from services.ingest.api.context import ApiContext
from services.ingest.api.endpoint_permissions import (
    ENDPOINTS,
    OPEN,
    check_endpoints,
    list_permitted,
)
from services.ingest.api.permissions import (
    BY_ROLE,
    BY_SCOPE,
    OF_A_UNIT,
    Permission,
    describe_holders,
    list_permissions,
)
from services.ingest.domain.accounts import AccountRole
from services.ingest.handlers.office.tokens import Scope
from services.ingest.settings import IngestSettings
from shared.clock import SystemClock
from shared.schemas.life import Action


def test_the_description_names_the_permission_of_every_operation() -> None:
    context = ApiContext(None, SystemClock(), IngestSettings(), None)  # type: ignore[arg-type]
    described = create_application(context).openapi()
    named = {
        f"{method.upper()} {path}": operation.get("x-permission")
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert {endpoint for endpoint, permission in named.items() if not permission} <= OPEN
    assert {endpoint: named.get(endpoint) for endpoint in ENDPOINTS} == ENDPOINTS


def test_the_parameters_that_are_taken_are_those_of_the_description() -> None:
    context = ApiContext(None, SystemClock(), IngestSettings(), None)  # type: ignore[arg-type]
    app = create_application(context)
    described = {
        (method.upper(), path): {
            each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"
        }
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }
    assert sum(map(len, described.values())) > 50
    assert app.state.parameters == described


def test_an_endpoint_without_a_permission_is_refused() -> None:
    with pytest.raises(LookupError, match="POST /v1/new"):
        check_endpoints([*ENDPOINTS, "POST /v1/new"])


def test_a_permission_of_an_endpoint_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LookupError, match="GET /v1/office"):
        check_endpoints([*ENDPOINTS.keys() - {"GET /v1/office"}])


def test_every_permission_is_had_by_some_scope_or_role_and_every_scope_and_role_has_some() -> None:
    assert BY_SCOPE.keys() == set(Scope)
    assert BY_ROLE.keys() == set(AccountRole)
    held = frozenset().union(*BY_SCOPE.values(), *BY_ROLE.values())
    assert held | {Permission.IDENTIFY} == set(Permission)


def test_an_admin_may_do_everything() -> None:
    assert BY_ROLE[AccountRole.ADMIN] == set(Permission)


def test_who_prepares_does_not_decide_and_who_decides_does_not_prepare() -> None:
    editor, approver = BY_ROLE[AccountRole.EDITOR], BY_ROLE[AccountRole.APPROVER]
    prepares = {Permission.EDIT_PLANS, Permission.EDIT_UNITS, Permission.EDIT_LEDGER}
    decides = {
        Permission.PUBLISH_PLANS,
        Permission.PUBLISH_RULES,
        Permission.REVIEW_REPORTS,
        Permission.DECIDE_EXTENSIONS,
        Permission.DECIDE_OBJECTIONS,
    }
    assert prepares <= editor
    assert not decides & editor
    assert decides <= approver
    assert not (prepares | {Permission.ANSWER}) & approver


def test_of_the_possible_actions_each_role_has_those_that_it_may_take() -> None:
    permitted = {role: set(list_permitted(Action, granted)) for role, granted in BY_ROLE.items()}
    answers = {Action.ACCEPT, Action.PROGRESS, Action.SUBMIT, Action.REOPEN, Action.OBJECT}
    assert permitted == {
        AccountRole.ADMIN: set(Action),
        AccountRole.EDITOR: answers | {Action.EXTEND, Action.WITHDRAW},
        AccountRole.APPROVER: {Action.COMPLETE, Action.RETURN, Action.EXTEND},
        AccountRole.VIEWER: set(),
        AccountRole.UNIT: answers | {Action.EXTEND},
    }


def test_a_viewer_only_reads() -> None:
    assert BY_ROLE[AccountRole.VIEWER] == {
        Permission.READ,
        Permission.READ_DRAFTS,
        Permission.READ_SUBORDINATES,
        Permission.USE_ACCOUNT,
    }


def test_a_unit_reads_and_answers_whatever_it_was_granted() -> None:
    unit = list_permissions(BY_SCOPE.values(), of_unit=True)
    assert unit == {Permission.IDENTIFY, Permission.READ, Permission.ANSWER}
    account = list_permissions(BY_ROLE.values(), of_unit=True)
    assert account == unit | {Permission.USE_ACCOUNT}
    assert BY_ROLE[AccountRole.UNIT] <= OF_A_UNIT


def test_everybody_who_signs_in_and_no_token_has_an_account() -> None:
    assert all(Permission.USE_ACCOUNT in granted for granted in BY_ROLE.values())
    assert not any(Permission.USE_ACCOUNT in granted for granted in BY_SCOPE.values())


def test_no_scope_includes_another() -> None:
    for scope, granted in BY_SCOPE.items():
        others = [BY_SCOPE[other] for other in Scope if other is not scope]
        assert not granted & frozenset().union(*others)


def test_a_refusal_names_who_may() -> None:
    assert describe_holders(Permission.MANAGE_TOKENS) == (
        "令牌范围：admin；角色：admin。Scopes that have it: admin. Roles that have it: admin."
    )
