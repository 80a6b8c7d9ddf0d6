"""Fixtures of the notifier's tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.notifier.settings import NotifierSettings
from shared.clock import SteppedClock
from shared.database.engine import create_engine
from tests.integration.notifier.sinks import MailSink, SmsSink
from tests.integration.notifier.world import SECRET, SLOT, World


@pytest.fixture
async def mail_sink() -> AsyncIterator[MailSink]:
    sink = MailSink()
    await sink.start()
    yield sink
    await sink.stop()


@pytest.fixture
async def sms_sink() -> AsyncIterator[SmsSink]:
    sink = SmsSink()
    await sink.start()
    yield sink
    await sink.stop()


@pytest.fixture
async def world(
    make_settings: Callable[..., Awaitable[Any]],
    mail_sink: MailSink,
    sms_sink: SmsSink,
    tmp_path: Path,
) -> AsyncIterator[World]:
    clock = SteppedClock(tmp_path / "clock")
    clock.set(SLOT)
    settings = await make_settings(
        NotifierSettings,
        "notifier",
        topics=False,
        smtp_url=mail_sink.url,
        sms_url=sms_sink.url,
        sms_secret=SECRET,
        sms_signature="盐亭政务公开",
        mail_from="盐亭县政务公开办公室 <gkb@yanting.example>",
        clock_file=tmp_path / "clock",
        retry_delays="1s 1s 1s",
        unknown_pause="PT0.2S",
        send_timeout="PT60S",
        lease="PT180S",
        poll="PT0.02S",
    )
    engine = create_engine(settings, "test-notifier")
    world = World(settings, engine, clock, mail_sink, sms_sink)
    yield world
    for sink in (mail_sink, sms_sink):
        sink.hang.set()
    await world.stop()
    await engine.dispose()
