"""送达证明: the archive that shows what a unit, or all units, owed, were sent and answered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse

from services.console.shell.downloads import answer_file
from services.console.shell.forms import Form
from services.console.shell.visits import SignedIn
from shared.api.obligations import ObligationOut
from shared.api.units import UnitOut
from shared.proof.hashing import Algorithm

ROUTER = APIRouter()
_ALGORITHMS = {Algorithm.SHA256: "SHA-256", Algorithm.SM3: "SM3"}
_Text = Annotated[str, Query(max_length=40)]


@ROUTER.get("/units/proof")
async def show_proof_form(
    visit: SignedIn,
    unit_id: Annotated[UUID | None, Query()] = None,
    obligation_id: Annotated[UUID | None, Query()] = None,
) -> Response:
    """What a proof is to be about: of a unit, of an obligation, or of all units."""
    visit.require("read-journal")
    unit = obligation = None
    if obligation_id is not None:
        obligation = await visit.api.get(ObligationOut, f"/v1/obligations/{obligation_id}")
    elif unit_id is not None:
        unit = await visit.api.get(UnitOut, f"/v1/units/{unit_id}")
    return visit.render(
        "units/proof.html",
        unit=unit,
        obligation=obligation,
        form=Form.begin(algorithm=Algorithm.SHA256.value),
        algorithms=list(_ALGORITHMS.items()),
    )


@ROUTER.get("/units/proof.zip")
async def download_proof(
    visit: SignedIn,
    *,
    unit_id: _Text = "",
    obligation_id: _Text = "",
    first: Annotated[str, Query(alias="from", max_length=40)] = "",
    last: Annotated[str, Query(alias="to", max_length=40)] = "",
    algorithm: _Text = "",
) -> StreamingResponse:
    """The archive; the journal notes that it was made."""
    visit.require("read-journal")
    days = {"from": first, "to": last}
    about = {"unit_id": unit_id, "obligation_id": obligation_id, "algorithm": algorithm}
    return await answer_file(visit, "/v1/proof.zip", **days, **about)
