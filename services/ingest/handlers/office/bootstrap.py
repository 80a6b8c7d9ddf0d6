"""Creates an office, its first token and account: done before the API can be called."""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.accounts import AccountRole
from services.ingest.domain.passwords import check_password, hash_password
from services.ingest.domain.refusals import Fault, RefusedError
from services.ingest.handlers.accounts.accounts import NewUser, create_user
from services.ingest.handlers.acting import Act, note
from services.ingest.handlers.office.rules import publish_book
from services.ingest.handlers.office.tokens import Scope, issue
from services.ingest.store import offices
from shared.errors import CuibanError
from shared.rules.defaults import make_default_rule_book
from shared.schemas import identity

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ACTOR = "command line"


async def create_office(db: AsyncConnection, slug: str, name: str, now: datetime) -> UUID:
    """Enter an office and publish the default rule book as its version 1; a repeat changes nothing.

    Args:
        db: a connection in a transaction.
        slug: the office's short name; its id derives from it, so it never changes.
        name: its full name, such as 盐亭县政务公开办.
        now: the office's time.

    Returns:
        The office's id.

    Raises:
        CuibanError: the short name holds more than small letters, digits and hyphens.
    """
    if not _SLUG.fullmatch(slug):
        raise CuibanError(
            f"“{slug}”不能作办公室的简称。{slug!r} is no short name of an office.",
            "请用小写字母、数字和连字符，如 yanting。"
            "Use small letters, digits and hyphens, such as yanting.",
        )
    office_id = identity.derive_office_id(slug)
    act = _make_act(office_id, now)
    if await offices.add_office(db, office_id, slug, name, now):
        await note(db, act, "office.created", office_id, after={"slug": slug, "name": name})
        await publish_book(db, act, make_default_rule_book())
    return office_id


async def issue_token(
    db: AsyncConnection,
    office_id: UUID,
    name: str,
    scopes: Sequence[str],
    unit_id: UUID | None = None,
    *,
    now: datetime,
) -> str:
    """Make an API token of an office and return its secret, which is not stored.

    Raises:
        CuibanError: an unknown scope, or a unit that the office does not have.
    """
    try:
        checked = [Scope(scope) for scope in scopes]
    except ValueError as error:
        named = ", ".join(scope.value for scope in Scope)
        raise CuibanError(
            f"没有这个令牌范围。{error}.", f"可选范围：{named}。The scopes are {named}."
        ) from error
    return (await issue(db, _make_act(office_id, now), name, checked, unit_id)).token


async def create_account(
    db: AsyncConnection,
    office_id: UUID,
    name: str,
    role: AccountRole,
    password: str,
    *,
    now: datetime,
) -> bool:
    """Make an account of an office, such as its first administrator; False when the name is taken.

    Raises:
        CuibanError: the password may not be chosen.
    """
    check_password(password, name)
    new = NewUser(name, role, None, hash_password(password))
    try:
        await create_user(db, _make_act(office_id, now), new)
    except RefusedError as error:
        if error.fault is Fault.CONFLICT:
            return False
        raise
    return True


def _make_act(office_id: UUID, now: datetime) -> Act:
    return Act(office_id, _ACTOR, now, identity.derive_id("bootstrap", office_id, now.isoformat()))
