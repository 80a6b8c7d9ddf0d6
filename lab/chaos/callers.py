"""A client of the API that does not give up: the same request, with its key, at either ingest."""

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

_PATIENCE = 6.0  # seconds for one answer; a frozen process gives none
_WITHIN = 600.0
_PAUSE = 0.3


class Caller:
    """Calls one ingest after the other until one answers with success.

    Attributes:
        broken: answers that no fault excuses: the API says that it went wrong inside.
    """

    def __init__(self, addresses: Sequence[str], token: str) -> None:
        self._apis = [Api(address, token, patience=_PATIENCE) for address in addresses]
        self._next = cycle(self._apis)
        self._turn = Lock()
        self.broken: list[str] = []

    def close(self) -> None:
        """Close the connections."""
        for api in self._apis:
            api.close()

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to a GET."""
        return self._surely(lambda api: api.get(path, **query))

    def post(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of JSON, however often it is made."""
        return self._surely(partial(Api.post, path=path, body=body, key=str(uuid4())))

    def upload(self, path: str, file: Path) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of a file, however often it is made."""
        return self._surely(partial(Api.upload, path=path, file=file, key=str(uuid4())))

    def every(self, path: str, **query: object) -> list[dict[str, Any]]:
        """All items of a list."""
        return list(self._surely(lambda api: api.every(path, **query)))

    def _surely(self, call: Callable[[Api], Any]) -> Any:  # noqa: ANN401 - JSON
        until = time.monotonic() + _WITHIN
        while True:
            with self._turn:
                api = next(self._next)
            try:
                return call(api)
            except CuibanError as error:
                if "(HTTP 500)" in error.message:
                    self.broken.append(error.message)
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)  # what a fault took away tells nobody when it is back
