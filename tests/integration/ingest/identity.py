"""A real OpenID Connect provider (oidc-provider-mock) that serves during a test.

It does not verify PKCE itself, so that this module does, as RFC 7636 says.
"""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import httpx
import oidc_provider_mock
from werkzeug.serving import make_server

REDIRECT = "http://127.0.0.1/login/openid"


@dataclass
class Provider:
    """A provider that runs. `answer` replaces its next answer to a code."""

    issuer: str = ""
    challenges: dict[str, str] = field(default_factory=dict)
    answer: bytes | None = None

    def register(self, redirect: str = REDIRECT) -> dict[str, str]:
        """Register a client; its id and secret, as Cuiban's settings have them."""
        made = httpx.post(f"{self.issuer}/oauth2/clients", json={"redirect_uris": [redirect]})
        assert made.status_code == 201, made.text
        return {
            "issuer": self.issuer,
            "client_id": made.json()["client_id"],
            "client_secret": made.json()["client_secret"],
            "redirect_uri": redirect,
        }

    def know(self, subject: str, **claims: str) -> None:
        """Know a person with these claims."""
        answer = httpx.put(f"{self.issuer}/users/{subject}", json=claims)
        assert answer.status_code == 204, answer.text

    def approve(self, address: str, subject: str) -> dict[str, str]:
        """Sign in at the provider; the `state` and `code` with which it sends the person back."""
        answer = httpx.post(address, data={"sub": subject})
        assert answer.status_code == 302, answer.text
        sent = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in sent.items()}

    def _verify_challenge(self) -> flask.Response | None:
        request = flask.request
        if request.path == "/oauth2/token":
            digest = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.challenges.get(request.form["code"]) != challenge:
                return flask.make_response({"error": "invalid_grant"}, 400)
        return None

    def _note_challenge(self, response: flask.Response) -> flask.Response:
        request = flask.request
        if request.path == "/oauth2/authorize" and response.status_code == 302:
            assert request.args["code_challenge_method"] == "S256"
            sent = parse_qs(urlsplit(response.headers["location"]).query)
            for code in sent.get("code", []):  # none where the person declines
                self.challenges[code] = request.args["code_challenge"]
        if request.path == "/oauth2/token" and self.answer is not None:
            response.data, self.answer = self.answer, None
        return response


@contextmanager
def run_provider() -> Iterator[Provider]:
    """Run a provider during the block."""
    provider = Provider()
    app = oidc_provider_mock.app(require_client_registration=True, require_nonce=True)
    app.before_request(provider._verify_challenge)
    app.after_request(provider._note_challenge)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def exchange(provider: Provider, client: dict[str, str], subject: str, nonce: str) -> bytes:
    """The provider's answer to a code of somebody else's sign-in at a client."""
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).digest()
    query: dict[str, Any] = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": REDIRECT,
        "scope": "openid profile",
        "nonce": nonce,
        "state": "s",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    address = httpx.URL(f"{provider.issuer}/oauth2/authorize", params=query)
    code = provider.approve(str(address), subject)["code"]
    answer = httpx.post(
        f"{provider.issuer}/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": verifier,
        },
        auth=(client["client_id"], client["client_secret"]),
    )
    assert answer.status_code == 200, answer.text
    return answer.content
