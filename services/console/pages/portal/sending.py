"""Sends an answer to the API: first its evidence, then the answer itself."""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from services.console.client import ApiError
from services.console.pages.portal.answer_kinds import AnswerKind
from services.console.shell.forms import Form
from services.console.shell.visits import Visit
from services.console.texts.languages import N_
from shared.api.obligations import EvidenceIn, ObligationOut
from shared.api.problems import Problem
from shared.api.units import HearingOut

_INVALID, _CONFLICT = 422, 409
_CHANGED = (
    "您打开这一页之后，事项有了变化。The item has changed since you opened this page.",
    "请看变化，再决定是否提交。Look at what changed, then decide whether to send it.",
)
_LABELS = {
    "due_on": N_("新期限"),
    "reported": N_("完成数"),
    "heard_on": N_("听取日期"),
    "heard_by": N_("听取人"),
    "minutes": N_("会议纪要"),
    "link": N_("链接"),
}


def check_answer(answer: AnswerKind, form: Form) -> None:
    """Check what was filled in as the API will, so that an error shows before it is confirmed.

    Raises:
        ApiError: 422 with what is wrong in each field.
    """
    try:
        answer.body.model_validate(_make_body(answer, form))
        if answer.takes_evidence and form["link"]:
            EvidenceIn.model_validate({"link": form["link"]})
    except ValidationError as error:
        rows = [
            {"where": ".".join(map(str, ("body", *each["loc"]))), "message": each["msg"]}
            for each in error.errors()
        ]
        raise _make_error(_INVALID, "invalid", rows) from None


def list_typed(visit: Visit, answer: AnswerKind, form: Form) -> list[tuple[str, str]]:
    """What was filled in, with the labels of the form."""
    names = (*answer.fields, "link") if answer.takes_evidence else answer.fields
    labels = _LABELS | {"note": answer.note}
    return [(visit.gettext(labels[name]), form[name]) for name in names if form[name]]


async def send_answer(visit: Visit, item: ObligationOut, answer: AnswerKind, form: Form) -> int:
    """Send an answer; returns the number of the change that recorded it.

    Raises:
        ApiError: the API refused a part. Evidence that was sent before it stays.
    """
    path = answer.path.format(obligation_id=item.obligation_id, unit_id=visit.unit_id)
    body = _make_body(answer, form)
    if "heard_on" in answer.fields:
        hearing = await visit.api.post(HearingOut, path, body, form.key)
        numbers = {each.obligation_id: each.number for each in hearing.obligations}
        return numbers.get(item.obligation_id, item.version)
    if answer.takes_evidence:
        body["version"] = await _send_evidence(visit, item, form)
    changed = await visit.api.post(ObligationOut, path, body, form.key)
    return changed.version


async def _send_evidence(visit: Visit, item: ObligationOut, form: Form) -> object:
    """Add the file and the link; returns the version that the answer then names.

    Raises:
        ApiError: 409 when the item has changed since the form was shown.
    """
    path, version = f"/v1/obligations/{item.obligation_id}", form["version"]
    file = await form.read_file("file")
    if (file or form["link"]) and version != str(item.version):
        raise _make_error(_CONFLICT, "conflict", [], *_CHANGED)
    changed = item
    if file:
        try:
            changed = await visit.api.upload(ObligationOut, path + "/files", file, form.key + "-1")
        except ApiError as error:
            raise _mark_file(error) from error
        version = str(changed.version)
    if form["link"] and not _has_link(changed, form["link"]):
        body = {"link": form["link"]}
        changed = await visit.api.post(ObligationOut, path + "/evidence", body, form.key + "-2")
        version = str(changed.version)
    return version


def _has_link(item: ObligationOut, link: str) -> bool:
    return any(each.link == link and each.removed_at is None for each in item.evidence)


def _mark_file(error: ApiError) -> ApiError:
    """The refusal of a file, which the page shows beside the field."""
    problem = error.problem
    row = {"where": "file", "message": problem.detail}
    return ApiError(problem.model_copy(update={"errors": [row]}))


def _make_body(answer: AnswerKind, form: Form) -> dict[str, object]:
    """What the API is sent: what was filled in, and the version that was seen."""
    body: dict[str, object] = {name: form[name] for name in answer.fields if form[name]}
    if "version" in answer.body.model_fields:
        body["version"] = form["version"]
    return body


def _make_error(
    status: int, name: str, rows: Sequence[Mapping[str, str]], detail: str = "", hint: str = ""
) -> ApiError:
    errors = [dict(row) for row in rows]
    kind = f"urn:cuiban:problem:{name}"
    return ApiError(
        Problem(type=kind, title="", status=status, detail=detail, hint=hint, errors=errors)
    )
