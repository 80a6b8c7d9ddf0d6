"""Errors as the API answers them."""

import httpx
from fastapi import FastAPI
from structlog.testing import capture_logs

from services.ingest.api.problems import install
from services.ingest.store.rows import PlanStatus
from shared.errors import NewerValueError


async def test_a_value_of_a_newer_release_is_503_and_the_log_names_it():
    app = FastAPI()
    install(app)

    @app.get("/plan")
    async def show_plan() -> None:
        raise NewerValueError(PlanStatus, "unheard-of")

    transport = httpx.ASGITransport(app)
    with capture_logs() as lines:
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
            answer = await api.get("/plan")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert answer.json()["type"] == "urn:cuiban:problem:newer-release"
    assert "unheard-of" not in answer.text
    assert ["'unheard-of' as PlanStatus" in line["wrong"] for line in lines] == [True]
