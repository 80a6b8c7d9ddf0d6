"""An office's identity provider over HTTP: OpenID Connect, authorization code flow with PKCE.

Authlib does the protocol: discovery, `state`, `nonce`, the exchange of the code, and the check of
the ID token's signature and claims.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import StarletteOAuth2App
from httpx2 import HTTPError, InvalidURL
from joserfc.errors import JoseError

from services.ingest.domain.identity_providers import IdentityProvider
from shared.errors import CuibanError

_TIMEOUT = 10.0  # seconds
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by a key that the provider alone has."""


class ProviderAwayError(CuibanError):
    """The provider does not answer, or its description is not what it must be."""


class ProviderRefusedError(CuibanError):
    """The provider did not accept the code, or its ID token is not valid."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the person goes to sign in, and what must still be known when they come back."""

    address: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


async def start(provider: IdentityProvider) -> Departure:
    """The provider's page for one sign-in.

    Raises:
        ProviderAwayError: the provider does not answer as it must.
    """
    async with _connect(provider) as client:
        made = await client.create_authorization_url(provider.redirect_uri)
    return Departure(made["url"], made["state"], made["nonce"], made["code_verifier"])


async def fetch_claims(
    provider: IdentityProvider, code: str, nonce: str, verifier: str
) -> dict[str, Any]:
    """The claims of the ID token for which a code is exchanged.

    Raises:
        ProviderAwayError: the provider does not answer as it must.
        ProviderRefusedError: the code or the ID token is not valid.
    """
    async with _connect(provider) as client:
        token = await client.fetch_access_token(
            provider.redirect_uri, code=code, code_verifier=verifier
        )
        wanted = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
        }
        claims = await client.parse_id_token(token, nonce, claims_options=wanted)
    if claims is None:
        raise ProviderRefusedError("The provider sent no ID token.")
    return dict(claims)


@asynccontextmanager
async def _connect(provider: IdentityProvider) -> AsyncIterator[Any]:
    """A client that has read the provider's description. Errors become those of this module."""
    client = StarletteOAuth2App(
        None,
        "provider",
        client_id=provider.client_id,
        client_secret=provider.client_secret.get_secret_value(),
        server_metadata_url=provider.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": provider.scope,
            "code_challenge_method": "S256",
            "timeout": _TIMEOUT,
        },
    )
    try:
        described = await client.load_server_metadata()
        if described.get("issuer") != provider.issuer:
            raise ProviderAwayError(
                f"The provider describes another issuer: {provider.issuer} is set."
            )
        offered = described.get("id_token_signing_alg_values_supported") or ["RS256"]
        described["id_token_signing_alg_values_supported"] = [
            each for each in _ALGORITHMS if each in offered
        ]
        yield client
    except (AuthlibBaseError, JoseError) as error:
        raise ProviderRefusedError(f"The provider's answer is not valid: {error}") from error
    except (HTTPError, InvalidURL, OSError) as error:
        raise ProviderAwayError(f"The provider does not answer: {error!r}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ProviderAwayError(f"The provider's answer is not understood: {error!r}") from error
