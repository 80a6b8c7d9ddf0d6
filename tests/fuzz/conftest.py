"""Fixtures: the services that the fuzz tests attack."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fuzz.world import World, run_world
from tests.integration.ingest.conftest import api

__all__ = ["api"]


@pytest.fixture
async def world(settings_for: Any) -> AsyncIterator[World]:
    async with run_world(settings_for) as made:
        yield made
