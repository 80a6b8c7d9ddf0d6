"""Every channel that a rule can name has a lane that sends."""

from services.notifier.dispatch.channels import make_lanes
from services.notifier.settings import NotifierSettings
from shared.clock import SystemClock
from shared.database.engine import create_engine
from shared.schemas.rules import Channel


async def test_each_channel_has_one_lane() -> None:
    settings = NotifierSettings.load()
    engine = create_engine(settings, "test")
    try:
        lanes = make_lanes(settings, engine, SystemClock())
    finally:
        await engine.dispose()

    assert sorted(lane.channel for lane in lanes) == sorted(Channel)
