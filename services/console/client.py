"""Ingest's HTTP API, typed by the models of `shared.api`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.api.fields import Page
from shared.api.problems import Problem
from shared.tracing.http_requests import list_trace_headers

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
_REFUSED = 400
_AWAY = 503


class Unread(BaseModel):
    """An answer of the API that nothing is read of."""


class ApiError(Exception):
    """The API refused a request, or did not answer (`problem.status` is 503 then)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.type}")
        self.problem = problem

    @property
    def status(self) -> int:
        """The HTTP status of the problem."""
        return self.problem.status


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody uses the pages; ingest notes it with the session and slows guesses."""

    address: str
    agent: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as the browser sent it."""

    name: str
    content: bytes


class ApiClient:
    """Calls the API as one person, or as nobody with an empty `token`."""

    def __init__(self, http: httpx.AsyncClient, browser: Browser, token: str = "") -> None:
        self._http = http
        self._headers = {
            "X-Forwarded-For": browser.address,
            "User-Agent": browser.agent,
            "X-Correlation-Id": browser.correlation_id,
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    async def get(self, model: type[M], path: str, **query: object) -> M:
        """The answer to a GET. Parameters that are None or empty are left out.

        Raises:
            ApiError: the API refused, or does not answer.
        """
        return model.model_validate_json(await self._request("GET", path, params=_keep(query)))

    async def fetch(self, shape: TypeAdapter[T], path: str, **query: object) -> T:
        """The answer to a GET that is no object, such as a plain list."""
        return shape.validate_json(await self._request("GET", path, params=_keep(query)))

    async def list_page(self, model: type[M], path: str, **query: object) -> Page[M]:
        """One part of a list; its `next_cursor` leads to the next part."""
        answer = await self._request("GET", path, params=_keep(query))
        return Page[model].model_validate_json(answer)  # type: ignore[valid-type]

    async def list_items(self, model: type[M], path: str, **query: object) -> list[M]:
        """All items of a list, part after part: for lists that are short by nature."""
        items: list[M] = []
        cursor: str | None = None
        while True:
            page = await self.list_page(model, path, **query, cursor=cursor, limit=500)
            items += page.items
            if (cursor := page.next_cursor) is None:
                return items

    async def post(
        self, model: type[M], path: str, body: Mapping[str, object] | None = None, key: str = ""
    ) -> M:
        """The answer to a POST of JSON. The same `key` again changes nothing more."""
        answer = await self._request("POST", path, json=dict(body or {}), headers=_make_key(key))
        return model.model_validate_json(answer)

    async def put(self, model: type[M], path: str, body: Mapping[str, object], key: str = "") -> M:
        """The answer to a PUT of JSON."""
        answer = await self._request("PUT", path, json=dict(body), headers=_make_key(key))
        return model.model_validate_json(answer)

    async def delete(self, path: str) -> None:
        """DELETE what an address names."""
        await self._request("DELETE", path)

    async def upload(
        self, model: type[M], path: str, file: UploadedFile, key: str = "", **query: object
    ) -> M:
        """The answer to a POST of a file."""
        files = {"file": (file.name, file.content)}
        answer = await self._request(
            "POST", path, files=files, headers=_make_key(key), params=_keep(query)
        )
        return model.model_validate_json(answer)

    @asynccontextmanager
    async def open_file(self, path: str, **query: object) -> AsyncIterator[httpx.Response]:
        """The answer to a GET whose body is read as it arrives: exports and evidence."""
        headers = self._headers | list_trace_headers()
        request = self._http.build_request("GET", path, params=_keep(query), headers=headers)
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _make_away_error() from error
        try:
            if answer.status_code >= _REFUSED:
                raise ApiError(_read_problem(answer.status_code, await answer.aread()))
            yield answer
        finally:
            await answer.aclose()

    async def _request(self, method: str, path: str, **options: Any) -> bytes:  # noqa: ANN401 - httpx's
        headers = self._headers | list_trace_headers() | options.pop("headers", {})
        try:
            answer = await self._http.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise _make_away_error() from error
        if answer.status_code >= _REFUSED:
            raise ApiError(_read_problem(answer.status_code, answer.content))
        return answer.content


if TYPE_CHECKING:
    fetch_together = asyncio.gather  # it has the same types
else:

    async def fetch_together(*requests: Awaitable[Any]) -> list[Any]:
        """The answers to requests that are sent at the same time, in the order of the requests.

        All of them are waited for. Where several are refused, the first in this order is the one
        that a person reads: not the one that happened to be answered first.

        Raises:
            ApiError: the first refusal.
        """
        answers = await asyncio.gather(*requests, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return answers


def _keep(query: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value not in (None, "", [], ())}


def _make_key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key} if key else {}


def _read_problem(status: int, content: bytes) -> Problem:
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        return Problem(type="", title="", status=status, detail="")


def _make_away_error() -> ApiError:
    return ApiError(Problem(type="urn:cuiban:problem:away", title="", status=_AWAY, detail=""))
