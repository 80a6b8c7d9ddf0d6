"""送达证明: the archive that shows what a unit, or all units, owed, were sent and answered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.console.client import ApiError
from services.console.shell.downloads import answer_file
from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn, Visit
from shared.api.obligations import ObligationOut
from shared.api.units import UnitOut
from shared.proof.hashing import Algorithm

ROUTER = APIRouter()
_ALGORITHMS = {Algorithm.SHA256: "SHA-256", Algorithm.SM3: "SM3"}
_REFUSED = frozenset({400, 422})
_Id = Annotated[UUID | None, Query()]


@ROUTER.get("/units/proof")
async def show_proof_form(
    visit: SignedIn, unit_id: _Id = None, obligation_id: _Id = None
) -> Response:
    """What a proof is to be about: of a unit, of an obligation, or of all units."""
    visit.require("read-journal")
    form = Form.begin(algorithm=Algorithm.SHA256.value)
    return await _render(visit, unit_id, obligation_id, form)


@ROUTER.get("/units/proof.zip")
async def download_proof(
    visit: SignedIn,
    *,
    unit_id: _Id = None,
    obligation_id: _Id = None,
    first: Annotated[str, Query(alias="from")] = "",
    last: Annotated[str, Query(alias="to")] = "",
    algorithm: str = "",
) -> Response:
    """The archive; the journal notes that it was made. What is wrong is shown with the form."""
    visit.require("read-journal")
    days = {"from": first, "to": last}
    about = {"unit_id": unit_id, "obligation_id": obligation_id, "algorithm": algorithm}
    try:
        return await answer_file(visit, "/v1/proof.zip", **days, **about)
    except ApiError as error:
        if error.status not in _REFUSED:
            raise
        form = Form.begin(**days, algorithm=algorithm).refuse(visit, error)
        return await _render(visit, unit_id, obligation_id, form, error.status)


async def _render(
    visit: Visit, unit_id: UUID | None, obligation_id: UUID | None, form: Form, status: int = 200
) -> Response:
    unit = obligation = None
    if obligation_id is not None:
        obligation = await visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}")
    elif unit_id is not None:
        unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    return visit.render(
        "units/proof.html",
        status,
        unit=unit,
        obligation=obligation,
        form=form,
        algorithms=list(_ALGORITHMS.items()),
    )
