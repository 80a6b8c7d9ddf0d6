"""The office's command line as a client of ingest's HTTP API."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import typer

from deploy.places import NotRunningError, find_stack
from shared.errors import CuibanError

_REFUSED = 400
_FAULTY = 500
_START = "Start everything with `cuiban up`, or set CUIBAN_API to the address of a running one."


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
PlanArgument = Annotated[str, typer.Argument(help="The plan's id; `latest` for the newest.")]


class Api:
    """Calls the API, and turns its problems into errors that say what to do.

    `patience` is in seconds. A POST that is made again with the same key changes nothing more.
    """

    def __init__(self, base_url: str, token: str, *, patience: float = 600) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(10, read=patience),
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to a GET, as plain data."""
        return self._asked("GET", path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: object = None, key: str = "") -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of JSON."""
        return self._asked("POST", path, json=body, headers=_key(key))

    def upload(self, path: str, file: Path, key: str = "", **query: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of a file."""
        files = {"file": (file.name, read(file))}
        return self._asked("POST", path, files=files, headers=_key(key), params=query)

    def every(self, path: str, **query: object) -> list[dict[str, Any]]:
        """All items of a list, page after page."""
        items: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, limit=500, **query)
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def _asked(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            answer = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            address = self._http.base_url
            raise NotRunningError(
                f"The API at {address} does not answer ({error}).", _START
            ) from error
        if answer.status_code >= _REFUSED:
            raise problem(answer)
        return answer.json() if answer.content else None


def _key(given: str) -> dict[str, str]:
    return {"Idempotency-Key": given or str(uuid4())}


def problem(answer: httpx.Response) -> CuibanError:
    """The error that a problem+json answer tells of."""
    try:
        told = answer.json()
        text = str(told.get("detail") or told.get("title") or "")
        hint = str(told.get("hint") or "")
        rows = [line for row in told.get("errors", ())[:20] if (line := _row(row)) != text]
    except (ValueError, AttributeError):
        text, hint, rows = answer.text[:300], "", []
    kind = NotRunningError if answer.status_code >= _FAULTY else CuibanError
    return kind("\n".join([f"{text} (HTTP {answer.status_code})", *rows]), hint)


def _row(row: dict[str, Any]) -> str:
    place = row.get("where") or row.get("row") or ".".join(map(str, row.get("loc", ())))
    told = str(row.get("message") or row.get("msg"))
    return f"{place}: {told}" if place else told


def read(file: Path) -> bytes:
    """A file's bytes.

    Raises:
        CuibanError: it can't be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise CuibanError(f"{file} can't be read: {error.strerror}.") from error


def connect(state: Path) -> Api:
    """The API that the environment names, else the one that `cuiban up` started in `state`.

    Raises:
        CuibanError: neither is there.
    """
    address, token = os.environ.get("CUIBAN_API"), os.environ.get("CUIBAN_TOKEN")
    if not address:
        stack = find_stack(state)
        address = stack.api
        token = token or read(stack.token_file).decode().strip()
    if not token:
        raise CuibanError("No token is named.", "Set CUIBAN_TOKEN to a token of the office.")
    return Api(address, token)


def find_plan(api: Api, plan_id: str, *, published: bool = False) -> str:
    """The id that `latest` stands for, perhaps among those published, or the id itself.

    Raises:
        CuibanError: there is no such plan yet.
    """
    if plan_id != "latest":
        return plan_id
    plans = [one for one in api.every("/v1/plans") if not published or one["status"] == "published"]
    if not plans and published:
        raise CuibanError("No plan is published yet.", "Publish one with `cuiban plan publish`.")
    if not plans:
        raise CuibanError("There is no plan yet.", "Import one with `cuiban import FILE`.")
    newest = max(plans, key=lambda one: datetime.fromisoformat(one["imported_at"]))
    return str(newest["plan_id"])


def find_open_plan(api: Api, plan_id: str) -> str:
    """As `find_plan`; for `latest` the newest revision that waits to be confirmed, if there is."""
    found = find_plan(api, plan_id)
    if plan_id != "latest":
        return found
    return waiting_revision(api, found) or found


def waiting_revision(api: Api, plan_id: str) -> str | None:
    """The newest revision of a plan that can still be confirmed."""
    waiting = [
        str(one["revision_id"])
        for one in api.get(f"/v1/plans/{plan_id}/revisions")["items"]
        if one["status"] == "revision" and not one["stale"]
    ]
    return waiting[-1] if waiting else None
