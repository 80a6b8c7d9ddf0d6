"""The worlds that are attacked."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fuzz.world import World, running
from tests.integration.ingest.conftest import api

__all__ = ["api"]


@pytest.fixture
async def world(settings_for: Any) -> AsyncIterator[World]:
    async with running(settings_for) as made:
        yield made
