"""Whatever stands on the topics, each service's streams go on, and its loops go on after it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.hostile import Record, records
from tests.fuzz.profiles import unshrunk
from tests.fuzz.world import TOPICS, World, assert_survives

pytestmark = pytest.mark.integration


@unshrunk
@given(st.lists(st.sampled_from(TOPICS).flatmap(records), min_size=1, max_size=12))
async def test_whatever_stands_on_the_topics_the_streams_go_on(
    world: World, sent: list[Record]
) -> None:
    await assert_survives(world, sent)
