"""Makes the channels of the settings: their gateways, limits and retries."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from services.notifier.dispatch.lane import GatewaySetup, Lane
from services.notifier.dispatch.offers import ChannelRules, GatewayRules
from services.notifier.dispatch.outlet import Pace
from services.notifier.dispatch.reloading import ChannelSetup
from services.notifier.domain.portal import Portal
from services.notifier.domain.retry import RetryPolicy
from services.notifier.gateways.building import ChannelGateway, build_gateways
from services.notifier.gateways.catching import describe_caught_mail
from services.notifier.gateways.protocol import NoGateway
from services.notifier.settings import NotifierSettings
from shared import logging
from shared.clock import Clock
from shared.database.trusted_clock import TrustedClock
from shared.errors import CuibanError
from shared.links import LinkKeys
from shared.messages.limits import Policy
from shared.schemas.rules import Channel

_VARIABLES = {Channel.EMAIL: "CUIBAN_SMTP_URL", Channel.SMS: "CUIBAN_SMS_URL"}


def make_channels(settings: NotifierSettings) -> dict[Channel, ChannelSetup]:
    """How each channel sends. Channels that are off or have no gateway are logged.

    Raises:
        CuibanError: a gateway's settings are not valid.
    """
    connected = build_gateways(settings)
    policy, portal = _make_policy(settings, connected), make_portal(settings)
    setups = {}
    for channel, gateways in connected.items():
        made = tuple(_make_gateway_setup(settings, channel, each) for each in gateways)
        rules = ChannelRules(
            channel,
            policy,
            tuple(each.rules for each in made),
            settings.sms_signature,
            settings.lease,
            portal,
            calendar=settings.mail_calendar and channel is Channel.EMAIL,
        )
        setups[channel] = ChannelSetup(rules, made)
    return setups


def _make_gateway_setup(
    settings: NotifierSettings, channel: Channel, connected: ChannelGateway
) -> GatewaySetup:
    rules = GatewayRules(
        connected.gateway.name,
        channel,
        RetryPolicy(settings.retry_delays, settings.unknown_pause, connected.when_unknown),
        connected.priority,
        connected.weight,
        connected.limits,
        connected.spread,
        replies=connected.replies,
        pulls_receipts=connected.pulls_receipts,
    )
    return GatewaySetup(rules, connected.gateway, connected.concurrency)


def make_lanes(settings: NotifierSettings, engine: AsyncEngine, clock: Clock) -> list[Lane]:
    """A lane for each channel.

    Raises:
        CuibanError: a gateway's settings are not valid, or the lease is too short.
    """
    if settings.lease <= 2 * settings.send_timeout:
        raise CuibanError("CUIBAN_LEASE must be more than twice CUIBAN_SEND_TIMEOUT.")
    return [
        Lane(
            rules=setup.rules,
            pace=Pace(settings.batch, settings.send_timeout, settings.poll, settings.lease),
            gateways=setup.gateways,
            engine=engine,
            clock=TrustedClock(clock, settings.clock_skew),
        )
        for setup in make_channels(settings).values()
    ]


def _make_policy(
    settings: NotifierSettings, connected: Mapping[Channel, Sequence[ChannelGateway]]
) -> Policy:
    """The installation's limits. Channels that are off or reach nobody are logged.

    The channels of groups have no gateway in most installations: they are not logged until a rule
    book names one of them and something is held.
    """
    off = settings.channels_off
    without = {
        channel for channel, each in connected.items() if isinstance(each[0].gateway, NoGateway)
    } - off
    for channel in sorted(off):
        logging.log(__name__).warning("channel.off", channel=channel)
    if caught := describe_caught_mail(settings):
        logging.log(__name__).warning("mail.caught", hint=caught)
    for channel in sorted(without & _VARIABLES.keys()):
        hint = f"name it with {_VARIABLES[channel]}, or give {channel} up with CUIBAN_CHANNELS_OFF"
        logging.log(__name__).error("channel.held", channel=channel, reason="no gateway", hint=hint)
    return settings.make_policy(without)


def make_portal(settings: NotifierSettings) -> Portal | None:
    """The portal of the settings; None when its address or the keys are not set."""
    keys = LinkKeys.parse(settings.link_keys.get_secret_value())
    if not (keys and settings.portal_url):
        return None
    return Portal(settings.portal_url, keys, settings.link_lifetime)
