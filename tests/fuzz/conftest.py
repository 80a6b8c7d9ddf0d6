"""Two profiles: `quick` draws the same each time; `deep` (CUIBAN_FUZZ=500) so many, anew."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.world import World, running
from tests.integration.ingest.conftest import api

__all__ = ["api"]

DEEP = int(os.environ.get("CUIBAN_FUZZ") or 0)
_ALIKE = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("quick", max_examples=15, derandomize=True, database=None, **_ALIKE)
settings.register_profile("deep", max_examples=DEEP or 500, **_ALIKE)
settings.load_profile("deep" if DEEP else "quick")


@pytest.fixture
async def world(settings_for: Any) -> AsyncIterator[World]:
    async with running(settings_for) as made:
        yield made
