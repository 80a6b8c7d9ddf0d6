"""Forms: what was sent, where it was sent from, and how it is shown again with its errors.

A page takes `form: Posted`. After a refusal it shows `form.refuse(visit, error)` with the same
template, so that nothing that was typed is lost.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from services.console.client import ApiError, UploadedFile
from services.console.shell.cookies import is_form_token
from services.console.shell.visits import Anyone, Visit
from services.console.texts.problems import ShownProblem, list_field_errors
from shared.api.problems import Problem

TOKEN, KEY = "form-token", "form-key"
_FIELDS, _FILES, _PART = 5000, 10, 256 * 1024
_SECRET_FIELDS = ("password", "code", "secret-address", "link-token")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, with what is wrong with them.

    Attributes:
        values: by field, all that was sent or that the form begins with.
        errors: by field, what is wrong.
        problem: why the whole form was refused.
    """

    values: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, list[UploadFile]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    problem: ShownProblem | None = None

    @classmethod
    def begin(cls, **values: str | list[str] | None) -> "Form":
        """A form to fill in, with what its fields hold at first."""
        held = {
            name: value if isinstance(value, list) else [value or ""]
            for name, value in values.items()
        }
        return cls(held)

    def __getitem__(self, name: str) -> str:
        """The value of a field without surrounding spaces; empty when it was not sent."""
        return next(iter(self.values.get(name, [])), "").strip()

    def get_all(self, name: str) -> list[str]:
        """All values of a field, such as ticked boxes."""
        return list(self.values.get(name, []))

    @property
    def key(self) -> str:
        """The form's own key: the same form sent twice is carried out once."""
        return self[KEY][:64]

    async def read_file(self, name: str) -> UploadedFile | None:
        """The file of a field; None when none was chosen."""
        chosen = [file for file in self.files.get(name, []) if file.filename]
        if not chosen:
            return None
        return UploadedFile(chosen[0].filename or "", await chosen[0].read())

    def refuse(self, visit: Visit, error: ApiError) -> "Form":
        """The form with what the API found wrong."""
        errors = list_field_errors(error.problem, visit.words.gettext)
        return replace(self, errors=errors, problem=visit.describe(error))

    def mark(self, **errors: str) -> "Form":
        """The form with errors that the page itself found, by field."""
        return replace(self, errors={**self.errors, **errors})

    def list_typed(self) -> list[tuple[str, str]]:
        """What a person typed, field by field; no secrets, and nothing of the form's own."""
        return [
            (name, value)
            for name, values in self.values.items()
            for value in values
            if value and name not in {TOKEN, KEY} and not name.endswith(_SECRET_FIELDS)
        ]


class UnsentFormError(Exception):
    """A form that is not carried out. `may_resend`: our own page sent it, with an old token."""

    def __init__(self, form: Form, *, may_resend: bool) -> None:
        super().__init__("The form was not sent from a present page.")
        self.form, self.may_resend = form, may_resend


@asynccontextmanager
async def open_form(request: Request, visit: Visit) -> AsyncIterator[Form]:
    """The form that was sent, if it came from a page of this visitor; its files are then closed.

    Raises:
        ApiError: 403 when another site sent it.
        UnsentFormError: its token is missing or is of an earlier session.
    """
    if is_from_elsewhere(visit):
        kind = "urn:cuiban:problem:forbidden"
        raise ApiError(Problem(type=kind, title="", status=403, detail=""))
    async with request.form(max_files=_FILES, max_fields=_FIELDS, max_part_size=_PART) as sent:
        form = to_form(sent.multi_items())
        if not is_form_token(visit.cookies.get_secret(), form[TOKEN]):
            may_resend = request.headers.get("origin", "null") != "null"
            raise UnsentFormError(form, may_resend=may_resend)
        yield form


async def read_form(request: Request, visit: Anyone) -> AsyncIterator[Form]:
    """The form of a request. It raises as `open_form`."""
    async with open_form(request, visit) as form:
        yield form


def to_form(items: list[tuple[str, UploadFile | str]]) -> Form:
    """Fields and files as they were sent."""
    values: dict[str, list[str]] = {}
    files: dict[str, list[UploadFile]] = {}
    for name, value in items:
        if isinstance(value, UploadFile):
            files.setdefault(name, []).append(value)
        else:
            values.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return Form(values, files)


def is_from_elsewhere(visit: Visit) -> bool:
    """Whether the browser says that another site sent the request.

    Browsers that say nothing, or send `Origin: null`, leave the decision to the form's token.
    """
    headers = visit.request.headers
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin", "null")
    own = {headers.get("host", ""), urlsplit(visit.context.settings.console_url).netloc}
    return origin != "null" and urlsplit(origin).netloc not in own


Posted = Annotated[Form, Depends(read_form)]
