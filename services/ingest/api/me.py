"""Who the caller is, and the own account of a signed-in person, over HTTP."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.api.callers import Permitted
from services.ingest.api.posting import answer_post
from services.ingest.api.sessions import make_sign_in
from services.ingest.domain.passwords import check_password
from services.ingest.handlers.accounts import accounts, own_account
from shared.api.accounts import (
    CodesConfirmIn,
    CodesDisableIn,
    CodesStartedOut,
    EndedOut,
    MeOut,
    PasswordChangeIn,
    RecoveryCodesOut,
    UserOut,
)

ROUTER = APIRouter(prefix="/v1/me", tags=["own account"])


@ROUTER.get("")
async def show_me(call: Permitted) -> MeOut:
    """Show who the caller is, and the permissions that it has."""
    caller, user = call.caller, None
    if caller.session is not None:
        async with call.context.engine.connect() as db:
            account = await accounts.get_user(db, call.act, caller.session.user_id)
        user = UserOut.model_validate(account)
    return MeOut(
        kind="person" if user else "token",
        name=caller.name,
        office_id=caller.office_id,
        unit_id=caller.unit_id,
        role=user.role if user else None,
        scopes=sorted(scope.value for scope in caller.scopes),
        permissions=sorted(permission.value for permission in caller.permissions),
        user=user,
        session_id=caller.session.session_id if caller.session else None,
    )


@ROUTER.post("/password", response_model=EndedOut)
async def change_password(call: Permitted, body: PasswordChangeIn) -> Response:
    """Change the own password. All other sessions of the account end."""
    own, new = call.session, body.new.get_secret_value()
    check_password(new, own.name)
    await make_sign_in(call.request).confirm_password(own.name, body.current.get_secret_value())
    hashed = await call.context.hasher.hash(new)

    async def run(db: AsyncConnection) -> dict[str, Any]:
        return {"ended": await own_account.change_password(db, call.act, own, hashed)}

    return await answer_post(call, run, EndedOut, content=b"")


@ROUTER.post("/totp", status_code=201, response_model=CodesStartedOut)
async def start_codes(call: Permitted) -> Response:
    """Make a secret for one-time codes (TOTP). A first code must confirm it.

    Only this answer has the secret; a repeated request gets it blank.
    """

    async def run(db: AsyncConnection) -> dict[str, Any]:
        return asdict(await own_account.start_codes(db, call.act, call.session))

    blank = {"secret": "", "address": ""}
    return await answer_post(call, run, CodesStartedOut, status=201, withheld=blank)


@ROUTER.post("/totp/confirm", response_model=RecoveryCodesOut)
async def confirm_codes(call: Permitted, body: CodesConfirmIn) -> Response:
    """Turn on one-time codes by a first code. All other sessions of the account end.

    Only this answer has the recovery codes; a repeated request gets none.
    """
    code = body.code.get_secret_value()

    async def run(db: AsyncConnection) -> dict[str, Any]:
        codes = await own_account.confirm_codes(db, call.act, call.session, code)
        return {"recovery_codes": codes}

    return await answer_post(call, run, RecoveryCodesOut, withheld={"recovery_codes": []})


@ROUTER.post("/totp/disable", response_model=UserOut)
async def disable_codes(call: Permitted, body: CodesDisableIn) -> Response:
    """Turn off one-time codes. All other sessions of the account end."""
    own = call.session
    await make_sign_in(call.request).confirm_password(own.name, body.password.get_secret_value())

    async def run(db: AsyncConnection) -> Any:  # noqa: ANN401 - a row
        await own_account.disable_codes(db, call.act, own)
        return await accounts.get_user(db, call.act, own.user_id)

    return await answer_post(call, run, UserOut, content=b"")
