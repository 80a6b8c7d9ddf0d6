"""The file of gateways is read again, and the lanes use what it says."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from typing_extensions import override

from services.notifier.dispatch.channels import make_channels, make_lanes
from services.notifier.dispatch.lane import Lane
from services.notifier.dispatch.reloading import Reloading
from services.notifier.domain.message import Content, Message, MessageAccepted, Outcome
from services.notifier.gateways.protocol import NoGateway
from services.notifier.gateways.switched import SwitchedGateway
from services.notifier.settings import NotifierSettings
from shared.clock import SystemClock
from shared.database.engine import create_engine
from shared.schemas.rules import Channel

MESSAGE = Message(UUID(int=7), "13800000000", "县教体局", Content("", "正文"))
FILE = """\
gateways:
  - {name: NAME, vendor: wecom-robot, key: {env: ROBOT_KEY}}
"""


class WaitingGateway:
    """Answers when it is allowed to, and says whether it was closed."""

    def __init__(self, name: str) -> None:
        self.name, self.closed, self.may_answer = name, False, asyncio.Event()

    async def send(self, message: Message) -> Outcome:
        await self.may_answer.wait()
        assert not self.closed
        return MessageAccepted(self.name)

    async def close(self) -> None:
        self.closed = True


async def test_a_former_gateway_is_closed_after_its_last_answer() -> None:
    former, later = WaitingGateway("former"), WaitingGateway("later")
    switched = SwitchedGateway(former)
    sending = asyncio.create_task(switched.send(MESSAGE))
    await asyncio.sleep(0)
    await switched.switch(later)
    assert (switched.name, former.closed) == ("later", False)
    former.may_answer.set()
    later.may_answer.set()
    assert await sending == MessageAccepted("former")
    assert former.closed
    assert await switched.send(MESSAGE) == MessageAccepted("later")
    await switched.close()
    assert later.closed


@pytest.fixture
async def lanes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Path, NotifierSettings, list[Lane]]]:
    path = tmp_path / "gateways.yaml"
    path.write_text(FILE.replace("NAME", "first"))
    monkeypatch.setenv("ROBOT_KEY", "hush")
    monkeypatch.setenv("CUIBAN_GATEWAYS", str(path))
    settings = NotifierSettings.load()
    engine = create_engine(settings, "test")
    yield path, settings, make_lanes(settings, engine, SystemClock())
    await engine.dispose()


def get_lane(lanes: list[Lane], channel: Channel) -> Lane:
    return next(lane for lane in lanes if lane.channel is channel)


async def test_a_lane_uses_what_the_file_says_now(
    lanes: tuple[Path, NotifierSettings, list[Lane]],
) -> None:
    path, settings, every = lanes
    reloading = Reloading(partial(make_channels, settings), every, SwitchedGateway(NoGateway()))
    wecom, feishu = get_lane(every, Channel.WECOM), get_lane(every, Channel.FEISHU)
    assert list(wecom.outlets) == ["first"]
    assert Channel.FEISHU in feishu.rules.policy.unconnected
    added = "  - {name: group, vendor: feishu-robot, token: {env: ROBOT_KEY}}\n"
    path.write_text(FILE.replace("NAME", "second") + added)
    assert await reloading.reload()
    assert list(wecom.outlets) == ["second"]
    assert list(feishu.outlets) == ["group"]
    assert Channel.FEISHU not in feishu.rules.policy.unconnected
    assert feishu.rules.gateways == (feishu.outlets["group"].rules,)


async def test_a_file_that_is_wrong_changes_nothing(
    lanes: tuple[Path, NotifierSettings, list[Lane]],
) -> None:
    path, settings, every = lanes
    reloading = Reloading(partial(make_channels, settings), every, None)
    path.write_text("gateways: []")
    assert not await reloading.reload()
    assert list(get_lane(every, Channel.WECOM).outlets) == ["first"]


async def test_the_signal_reloads(lanes: tuple[Path, NotifierSettings, list[Lane]]) -> None:
    path, settings, every = lanes
    reloaded = asyncio.Event()

    class Told(Reloading):
        @override
        async def reload(self) -> bool:
            done = await super().reload()
            reloaded.set()
            return done

    running = asyncio.create_task(Told(partial(make_channels, settings), every, None).run())
    await asyncio.sleep(0)
    path.write_text(FILE.replace("NAME", "second"))
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(60):
        await reloaded.wait()
    assert list(get_lane(every, Channel.WECOM).outlets) == ["second"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
