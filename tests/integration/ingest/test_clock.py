"""A server whose clock is wrong changes nothing: what it wrote would carry wrong instants."""

from datetime import timedelta
from typing import Any

import pytest

from shared.database.engine import describe_clock_trouble

pytestmark = pytest.mark.integration
_WRONG = [timedelta(days=95), timedelta(seconds=-40)]


@pytest.mark.parametrize("ahead", _WRONG, ids=str)
async def test_a_change_is_refused_while_the_clock_is_wrong_and_reading_goes_on(
    api: Any, ahead: timedelta
) -> None:
    await api.publish_plan()
    (item, *_) = await api.list_ledger()
    api.clock.ahead = ahead
    place = f"/v1/obligations/{item['obligation_id']}/status"
    refused = await api.client.post(place, json={"status": "done"})
    assert refused.status_code == 503
    assert refused.headers["retry-after"]
    assert "clock" in refused.json()["detail"]
    (unchanged, *_) = await api.list_ledger()
    assert unchanged["status"] == item["status"]
    api.clock.ahead = timedelta(0)
    assert (await api.client.post(place, json={"status": "done"})).status_code == 200


async def test_readiness_tells_of_a_clock_that_is_wrong(api: Any) -> None:
    bound = api.settings.clock_skew
    assert await describe_clock_trouble(api.engine, api.clock, bound) == ""
    api.clock.ahead = timedelta(hours=5)
    assert "5:00:00" in await describe_clock_trouble(api.engine, api.clock, bound)
