"""Reads the file of gateways again at SIGHUP, and switches the lanes to what it says."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.notifier.dispatch.lane import GatewaySetup, Lane
from services.notifier.dispatch.offers import ChannelRules
from services.notifier.gateways.switched import SwitchedGateway
from shared.errors import CuibanError
from shared.logging import log
from shared.schemas.rules import Channel


@dataclass(frozen=True, slots=True)
class ChannelSetup:
    """How a channel sends: its rules, and its gateways in the order of their priority."""

    rules: ChannelRules
    gateways: tuple[GatewaySetup, ...]


class Reloading:
    """The loop that waits for SIGHUP.

    Args:
        load: reads the settings again; raises a CuibanError when they are not valid.
        lanes: to switch. How many messages a gateway gets at once changes only at a restart.
        link_mails: the gateway of links that people ask for, which is a mail server.
    """

    def __init__(
        self,
        load: Callable[[], Mapping[Channel, ChannelSetup]],
        lanes: Sequence[Lane],
        link_mails: SwitchedGateway | None,
    ) -> None:
        self._load, self._lanes, self._link_mails = load, lanes, link_mails
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Reload at each SIGHUP, until cancelled."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._asked.set)
        try:
            while True:
                await self._asked.wait()
                self._asked.clear()
                await self.reload()
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    async def reload(self) -> bool:
        """Switch to what the file says now; with a file that is not valid nothing changes."""
        try:
            setups = await asyncio.to_thread(self._load)
            own = await asyncio.to_thread(self._load)  # a lane closes its gateway when it ends
        except CuibanError as error:
            log(__name__).error("gateways.refused", error=error.message, hint=error.hint)
            return False
        for lane in self._lanes:
            setup = setups[lane.channel]
            await lane.switch(setup.rules, setup.gateways)
        if self._link_mails:
            await self._link_mails.switch(own[Channel.EMAIL].gateways[0].gateway)
        names = {
            channel: [each.rules.name for each in setup.gateways]
            for channel, setup in setups.items()
        }
        log(__name__).info("gateways.reloaded", gateways=names)
        return True
