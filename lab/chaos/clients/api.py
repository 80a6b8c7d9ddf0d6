"""A client of the API that repeats a request, with one key, until an ingest succeeds."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

from cli.client import Api
from shared.errors import CuibanError

_ANSWER_WITHIN = 6.0  # seconds for one answer; a frozen process gives none
_RETRY_WITHIN = 600.0
_PAUSE = 0.3


class RetryingApi:
    """Calls the ingests in turn until one answers with success.

    Attributes:
        internal_errors: answers with status 500, which no fault excuses.
    """

    def __init__(self, addresses: Sequence[str], token: str) -> None:
        self._apis = [Api(address, token, patience=_ANSWER_WITHIN) for address in addresses]
        self._next = cycle(self._apis)
        self._turn = Lock()
        self.internal_errors: list[str] = []

    def close(self) -> None:
        """Close the connections."""
        for api in self._apis:
            api.close()

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """GET; returns the answer."""
        return self._retry(lambda api: api.get(path, **query))

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """POST JSON with one key for all attempts; returns the answer."""
        return self._retry(partial(Api.post, path=path, body=body, key=str(uuid4())))

    def put(self, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """PUT JSON with one key for all attempts; returns the answer."""
        return self._retry(partial(Api.put, path=path, body=body, key=str(uuid4())))

    def upload(self, path: str, file: Path) -> Any:  # noqa: ANN401 - JSON
        """POST a file with one key for all attempts; returns the answer."""
        return self._retry(partial(Api.upload, path=path, file=file, key=str(uuid4())))

    def list_items(self, path: str, **query: object) -> list[dict[str, Any]]:
        """GET all items of a list."""
        return list(self._retry(lambda api: api.list_items(path, **query)))

    def _retry(self, call: Callable[[Api], Any]) -> Any:  # noqa: ANN401 - JSON
        until = time.monotonic() + _RETRY_WITHIN
        while True:
            with self._turn:
                api = next(self._next)
            try:
                return call(api)
            except CuibanError as error:
                if "(HTTP 500)" in error.message:
                    self.internal_errors.append(error.message)
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)  # the end of a fault can only be polled
