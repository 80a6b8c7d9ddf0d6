"""The office's command line as a client of ingest's HTTP API."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID, uuid4

import httpx
import typer
from pydantic import BaseModel, ValidationError

from deploy.places import find_stack
from deploy.terminal.errors import NotRunningError, WrongUseError
from deploy.terminal.hints import say_as_command
from deploy.terminal.language import N_, _, get_language
from shared.api.plans import PlanHead
from shared.api.problems import Problem, choose_part
from shared.api.revisions import RevisionHead
from shared.errors import CuibanError
from shared.tls import TlsFiles, build_context

M = TypeVar("M", bound=BaseModel)
_REFUSED, _FAULTY = 400, 500
_WRONG_USE = {400, 401, 403, 404, 405, 413, 415}
_FIELD = re.compile(r"(?:body|query)\.(\w+)")
"""Where a single field of a request is wrong."""
_SHOWN = 20
"""How many errors of a problem are shown."""
_START = N_("Start everything with `cuiban up`, or set CUIBAN_API to the address of a running one.")

PlanArgument = Annotated[
    str,
    typer.Argument(help="The plan: its year, title or id; `latest` for the newest."),
]
_STATUSES = ("published", "draft", "withdrawn")
"""Which plan a word means rather, where several are called so."""


class Api:
    """Calls the API, and turns its problems into errors that say what to do.

    `patience` is in seconds. A POST that is made again with the same key changes nothing more.
    `ca_file` holds the authorities of the API's certificate, where it is a private one.

    Raises:
        CertificateError: `ca_file` can't be used.
    """

    def __init__(
        self, base_url: str, token: str, *, patience: float = 600, ca_file: Path | None = None
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            verify=build_context(TlsFiles(ca_file=ca_file)) if ca_file else True,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(10, read=patience),
            trust_env=False,
        )

    @property
    def base_url(self) -> str:
        """The address of the API, without a slash at its end."""
        return str(self._http.base_url).rstrip("/")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to a GET, as plain data."""
        return self._request("GET", path, params={k: v for k, v in query.items() if v is not None})

    def post(self, path: str, body: object = None, key: str = "") -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of JSON."""
        return self._request("POST", path, json=body, headers=_make_key(key))

    def put(self, path: str, body: object, key: str = "") -> Any:  # noqa: ANN401 - JSON
        """The answer to a PUT of JSON."""
        return self._request("PUT", path, json=body, headers=_make_key(key))

    def delete(self, path: str) -> None:
        """DELETE what an address names."""
        self._request("DELETE", path)

    def upload(self, path: str, file: Path, key: str = "", **query: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to a POST of a file."""
        files = {"file": (file.name, read_file(file))}
        return self._request("POST", path, files=files, headers=_make_key(key), params=query)

    def download(self, path: str, file: Path, **query: Any) -> None:  # noqa: ANN401 - as httpx takes it
        """Write the file that a GET answers with. The old content stays when that fails.

        Raises:
            WrongUseError: the file can't be written.
        """
        part = file.with_name(f"{file.name}.part")
        try:
            with (
                self._http.stream("GET", path, params=query) as response,
                part.open("wb") as target,
            ):
                if response.status_code >= _REFUSED:
                    response.read()
                    raise read_problem(response)
                for chunk in response.iter_bytes():
                    target.write(chunk)
            part.replace(file)
        except httpx.HTTPError as error:
            raise self._make_away_error(error) from error
        except OSError as error:
            message = _("{file} can't be written: {reason}.")
            raise WrongUseError(message.format(file=file, reason=error.strerror)) from error
        finally:
            part.unlink(missing_ok=True)

    def list_items(self, path: str, **query: object) -> list[dict[str, Any]]:
        """All items of a list, page after page."""
        items: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, limit=500, **query)
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def list_models(self, model: type[M], path: str, **query: object) -> list[M]:
        """As `every`, each item as a model."""
        return [model.model_validate(item) for item in self.list_items(path, **query)]

    def _request(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            response = self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise self._make_away_error(error) from error
        if response.status_code >= _REFUSED:
            raise read_problem(response)
        return response.json() if response.content else None

    def _make_away_error(self, error: httpx.HTTPError) -> NotRunningError:
        message = _("The API at {address} does not answer ({error}).")
        return NotRunningError(message.format(address=self._http.base_url, error=error), _(_START))


def _make_key(given: str) -> dict[str, str]:
    return {"Idempotency-Key": given or str(uuid4())}


def read_problem(response: httpx.Response) -> CuibanError:
    """The error that a problem+json response reports, in the language of the command."""
    status = response.status_code
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        problem = Problem(type="", title="", status=status, detail=response.text[:300])
    text, hint = _read_text(problem.detail or problem.title), _read_text(problem.hint)
    rows = [line for row in problem.errors[:_SHOWN] if (line := _read_row(row)) not in {"", text}]
    message = "\n".join([f"{text} (HTTP {status})", *rows])
    if status >= _FAULTY:
        return NotRunningError(message, hint)
    if status in _WRONG_USE or problem.type.endswith(":invalid"):
        return WrongUseError(message, hint)
    return CuibanError(message, hint)


def _read_text(text: str) -> str:
    return say_as_command(choose_part(text, get_language()))


def _read_row(row: dict[str, Any]) -> str:
    place = str(row.get("where") or row.get("row") or ".".join(map(str, row.get("loc", ()))))
    if field := _FIELD.fullmatch(place):
        place = say_as_command(f"`{field[1]}`")
    message = _read_text(row.get("message") or row.get("msg") or row.get("name") or "")
    return ": ".join(filter(None, (place, message)))


def read_file(file: Path) -> bytes:
    """A file's bytes.

    Raises:
        WrongUseError: it can't be read.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        message = _("{file} can't be read: {reason}.")
        raise WrongUseError(message.format(file=file, reason=error.strerror)) from error


def connect(state: Path) -> Api:
    """The API that the environment names, else the one that `cuiban up` started in `state`.

    Raises:
        NotRunningError: nothing runs in `state`.
        WrongUseError: no token is named.
    """
    address, token = os.environ.get("CUIBAN_API"), os.environ.get("CUIBAN_TOKEN")
    if not address:
        stack = find_stack(state)
        address = stack.api
        token = token or read_file(stack.token_file).decode().strip()
    if not token:
        raise WrongUseError(
            _("No token is named."), _("Set CUIBAN_TOKEN to a token of the office.")
        )
    ca_file = os.environ.get("CUIBAN_API_CA_FILE")
    return Api(address, token, ca_file=Path(ca_file) if ca_file else None)


def find_plan(api: Api, word: str, *, published: bool = False) -> str:
    """The id of the plan that a word means: `latest`, an id, a year, a title or a part of it.

    A published plan comes before a draft, and a draft before a withdrawn plan. With `published`
    only published ones count.

    Raises:
        CuibanError: there is no plan yet.
        WrongUseError: no plan is meant, or several are.
    """
    if is_id(word):
        return word
    plans = api.list_models(PlanHead, "/v1/plans")
    if published:
        plans = [plan for plan in plans if plan.status == "published"]
    if not plans and published:
        raise CuibanError(
            _("No plan is published yet."), _("Publish one with `cuiban plan publish`.")
        )
    if not plans:
        raise CuibanError(_("There is no plan yet."), _("Import one with `cuiban import FILE`."))
    if word == "latest":
        return str(max(plans, key=lambda plan: plan.imported_at).plan_id)
    return str(_choose_plan(plans, word).plan_id)


def find_plans(api: Api, query: dict[str, Any]) -> None:
    """Put ids in the place of the plans that a query of the ledger names."""
    if named := query.get("plan"):
        query["plan"] = [find_plan(api, word) for word in named]


def is_id(word: str) -> bool:
    """Whether a word is an id, not a name."""
    try:
        UUID(word)
    except ValueError:
        return False
    return True


def _choose_plan(plans: list[PlanHead], word: str) -> PlanHead:
    named = [plan for plan in plans if word in {str(plan.year), plan.title, plan.document_name}]
    named = named or [plan for plan in plans if word in (plan.title or plan.document_name)]
    first = min((_STATUSES.index(plan.status) for plan in named), default=0)
    chosen = [plan for plan in named if plan.status == _STATUSES[first]]
    if len(chosen) == 1:
        return chosen[0]
    listed = "; ".join(
        f"{plan.title or plan.document_name} · {plan.year or '?'} · {plan.plan_id}"
        for plan in (chosen or plans)[:5]
    )
    message = _("{word} means {number} plans.") if chosen else _("No plan is called {word}.")
    raise WrongUseError(
        message.format(word=word, number=len(chosen)),
        _("Give a year, a part of the title, or an id: {plans}.").format(plans=listed),
    )


def find_open_plan(api: Api, word: str) -> str:
    """As `find_plan`; the newest revision of it that waits to be confirmed, if there is.

    An id means that plan or that revision alone.
    """
    plan = find_plan(api, word)
    if is_id(word):
        return plan
    return find_open_revision(api, plan) or plan


def find_open_revision(api: Api, plan_id: str) -> str | None:
    """The newest revision of a plan that can still be confirmed."""
    revisions = api.list_models(RevisionHead, f"/v1/plans/{plan_id}/revisions")
    waiting = [each for each in revisions if each.status == "revision" and not each.stale]
    return str(waiting[-1].revision_id) if waiting else None
