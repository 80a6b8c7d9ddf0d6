"""Fixtures: the services that the fuzz tests attack."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fuzz.world import World, run_world
from tests.integration.ingest.conftest import api

__all__ = ["api"]


@pytest.fixture
async def world(make_settings: Any) -> AsyncIterator[World]:
    async with run_world(make_settings) as made:
        yield made
