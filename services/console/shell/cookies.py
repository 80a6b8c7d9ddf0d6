"""The cookies of the pages: the session, the language, a message for the next page.

The portal (`/u`) has a cookie of its own, so that who is signed in may also open a unit's link.

Nothing is stored on the server. What must not be forged is sealed with the visitor's own secret:
the token of the session, or before sign-in a random cookie. So nothing expires before the session
does, and every process of the console understands it.
"""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response

SESSION, PORTAL, VISITOR, FLASH = "session", "portal", "visitor", "flash"
LANGUAGE, OPENID = "language", "openid"
_LONGEST = 3500  # bytes; browsers keep 4096 with the name
_YEAR = 365 * 24 * 3600


@dataclass(slots=True)
class Cookies:
    """The cookies of one request, and what its answer sets.

    Behind TLS names begin with `__Host-`, so that no other host of the domain can set them.
    `session` names the cookie whose session these pages use.
    """

    request: Request
    secure: bool
    session: str = SESSION
    _changes: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """The value of a cookie as sent; empty when there is none."""
        return self.request.cookies.get(self._get_full_name(name), "")

    def get_token(self) -> str:
        """The token of the session as sent; empty when there is none."""
        return self.get(self.session)

    def begin(self, name: str, token: str) -> None:
        """Begin a session: its token becomes the cookie, and what the answer is sealed with."""
        self.session = name
        self.set(name, token)
        self.drop(VISITOR)

    def set(self, name: str, value: str, seconds: int | None = None) -> None:
        """Set a cookie with the answer; without `seconds` it ends with the browser."""
        self._changes[name] = (value, seconds)

    def drop(self, name: str) -> None:
        """Remove a cookie with the answer."""
        self._changes[name] = ("", 0)

    def write(self, response: Response) -> None:
        """Write the changes into an answer."""
        for name, (value, seconds) in self._changes.items():
            response.set_cookie(
                self._get_full_name(name),
                value,
                max_age=seconds,
                path="/",
                secure=self.secure,
                httponly=True,
                samesite="lax",
            )

    def get_secret(self) -> str:
        """What forms and messages of this visitor are sealed with; made where there is none yet."""
        if not (kept := self._get_present(self.session) or self._get_present(VISITOR)):
            kept = secrets.token_urlsafe(32)
            self.set(VISITOR, kept)
        return kept

    def _get_present(self, name: str) -> str:
        """The value that a cookie has after this answer."""
        return self._changes[name][0] if name in self._changes else self.get(name)

    def choose_language(self, language: str) -> None:
        """Remember the language that a person chose."""
        self.set(LANGUAGE, language, _YEAR)

    def _get_full_name(self, name: str) -> str:
        return f"__Host-cuiban-{name}" if self.secure else f"cuiban-{name}"


def make_form_token(secret: str) -> str:
    """The token that every form of a visitor carries (CSRF)."""
    return _sign(secret, b"form")


def is_form_token(secret: str, token: str) -> bool:
    """Whether a form came from a page of this visitor."""
    return hmac.compare_digest(make_form_token(secret).encode(), token.encode())


def seal(secret: str, content: dict[str, Any]) -> str:
    """A short value as text that cannot be changed without the secret; it can be read."""
    body = base64.urlsafe_b64encode(json.dumps(content, ensure_ascii=False).encode()).decode()
    sealed = f"{body}.{_sign(secret, body.encode())}"
    return sealed if len(sealed) <= _LONGEST else ""


def unseal(secret: str, sealed: str) -> dict[str, Any] | None:
    """The value that was sealed with this secret; None when it was changed or is another's."""
    body, _, signature = sealed.rpartition(".")
    if not body or not hmac.compare_digest(
        _sign(secret, body.encode()).encode(), signature.encode()
    ):
        return None
    content = json.loads(base64.urlsafe_b64decode(body))
    return content if isinstance(content, dict) else None


def _sign(secret: str, content: bytes) -> str:
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
