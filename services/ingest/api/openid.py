"""Sign-in through an office's identity provider over HTTP."""

from fastapi import APIRouter, Request

from services.ingest.api.context import ApiContext, get_context
from services.ingest.api.problems import ProblemError
from services.ingest.api.sessions import get_device, issue_session
from services.ingest.handlers.accounts.openid_signing_in import ProviderSignIn, take_attempt
from services.ingest.store import offices
from services.ingest.store.office_grants import find_office, list_offices
from services.ingest.store.rows import StoredOffice
from shared.api.accounts import (
    ProviderFinishIn,
    ProviderOut,
    ProviderStartedOut,
    ProviderStartIn,
    SessionIssued,
)
from shared.api.fields import Page

ROUTER = APIRouter(prefix="/v1/sessions/openid", tags=["sessions"])


@ROUTER.get("")
async def list_providers(request: Request) -> Page[ProviderOut]:
    """List the offices whose people may sign in through an identity provider."""
    context = get_context(request)
    async with context.engine.connect() as db:
        every = await list_offices(db)
    having = [office for office in every if office.slug in context.settings.identity_providers]
    return Page[ProviderOut](items=[ProviderOut.model_validate(office) for office in having])


@ROUTER.post("", status_code=201)
async def start_provider_sign_in(request: Request, body: ProviderStartIn) -> ProviderStartedOut:
    """Begin a sign-in: send the person to `address`, and keep `attempt` in the same browser.

    The provider sends the person back to the registered page with `state` and `code`. Within ten
    minutes POST /v1/sessions/openid/finish makes a session of them. Like POST /v1/sessions it takes
    no Idempotency-Key.
    """
    context = get_context(request)
    async with context.engine.connect() as db:
        office = await find_office(db, body.office)
    started = await _make_sign_in(request, context, office).start()
    return ProviderStartedOut(address=started.address, attempt=started.attempt)


@ROUTER.post("/finish", status_code=201)
async def finish_provider_sign_in(request: Request, body: ProviderFinishIn) -> SessionIssued:
    """Open a session for whom the provider names. An attempt counts once.

    The person's account is the one that the provider's id was bound to by an earlier sign-in, else
    the office's account of the name that the provider gives.
    """
    context = get_context(request)
    begun = await take_attempt(context.engine, body.attempt.get_secret_value())
    async with context.engine.connect() as db:
        office = await offices.get_office(db, begun.office_id)
    code = body.code.get_secret_value()
    opened = await _make_sign_in(request, context, office).finish(begun, body.state, code)
    return issue_session(opened)


def _make_sign_in(
    request: Request, context: ApiContext, office: StoredOffice | None
) -> ProviderSignIn:
    """What signs the people of an office in through its provider.

    Raises:
        ProblemError: 404 when there is no such office, or it has no provider.
    """
    providers = context.settings.identity_providers
    provider = providers.get(office.slug) if office is not None else None
    if office is None or provider is None:
        raise ProblemError(
            404,
            "not-found",
            "该办公室未配置统一身份认证。This office has no identity provider.",
            "请用用户名和密码登录。Sign in with name and password (`POST /v1/sessions`).",
        )
    return ProviderSignIn(
        engine=context.engine,
        office_id=office.office_id,
        provider=provider,
        device=get_device(request),
        lifetime=context.settings.session_lifetime,
        now=context.clock.now(),
        correlation_id=request.scope["cuiban.correlation_id"],
    )
