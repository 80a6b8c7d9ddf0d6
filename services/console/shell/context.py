"""What all requests of one process share."""

from dataclasses import dataclass
from typing import cast

import httpx
from fastapi import Request

from services.console.settings import ConsoleSettings
from services.console.shell.long_tasks import LongTasks
from services.console.shell.person import OfficePerson
from services.console.shell.session_cache import SessionCache
from services.console.texts.rendering import PageTemplates
from shared.api.ledger import LedgerChoicesOut
from shared.tls import ReloadingContext, TlsFiles

_IDLE_SECONDS = 2.0
"""How long an unused connection is kept: less than ingest keeps it (75 seconds), or a request is
sent into a connection that is being closed. The difference is more than a busy machine rests."""


@dataclass(slots=True)
class ConsoleContext:
    """The settings, the connections to the API, the templates, and what is remembered of sessions.

    That is who it is (`people`), and what the filters of the ledger offer (`choices`).
    """

    settings: ConsoleSettings
    http: httpx.AsyncClient
    pages: PageTemplates
    people: SessionCache[OfficePerson]
    choices: SessionCache[LedgerChoicesOut]
    tasks: LongTasks

    @property
    def is_secure(self) -> bool:
        """Whether the pages' public address is known to be https."""
        return self.settings.console_url.startswith("https://")


def make_context(
    settings: ConsoleSettings, transport: httpx.AsyncBaseTransport | None = None
) -> ConsoleContext:
    """Everything that requests share. `transport` replaces the network in tests.

    Raises:
        CertificateError: the certificates of the API's authority can't be used.
    """
    ca_file = settings.api_ca_file
    http = httpx.AsyncClient(
        base_url=settings.api,
        verify=ReloadingContext(TlsFiles(ca_file=ca_file)) if ca_file else True,
        timeout=httpx.Timeout(10, read=settings.api_patience.total_seconds()),
        limits=httpx.Limits(
            max_connections=200, max_keepalive_connections=50, keepalive_expiry=_IDLE_SECONDS
        ),
        trust_env=False,
        transport=transport,
    )
    remember = settings.console_remember
    return ConsoleContext(
        settings, http, PageTemplates(), SessionCache(remember), SessionCache(remember), LongTasks()
    )


def get_context(request: Request) -> ConsoleContext:
    """The context of the application that serves a request."""
    return cast("ConsoleContext", request.app.state.context)
