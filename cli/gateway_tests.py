"""`cuiban messages test`: a test message through a gateway, by the notifier that runs."""

import time
from typing import Annotated

import typer

from cli.client import Api, connect
from cli.phone_list import messages
from deploy.places import STATE, StateOption
from deploy.terminal.answers import JsonOption, say, show_answer
from deploy.terminal.errors import NO
from deploy.terminal.language import _
from shared.api.fields import Page
from shared.api.gateways import GatewayTestOut
from shared.clock import monotonic

__all__ = ["messages"]
_LOOK_AFTER = 0.5
"""Seconds between looks for the answer."""


@messages.command("test")
def send_test(
    gateway: Annotated[str, typer.Argument(help="Its name in the file of gateways.")],
    address: Annotated[str, typer.Option("--to", help="A mail address or a mobile number.")],
    wait: Annotated[
        float, typer.Option(help="For so many seconds at most the answer is waited for.")
    ] = 30,
    as_json: JsonOption = False,
    state: StateOption = STATE,
) -> None:
    """Have the notifier send one test message through a gateway, and say what it answered.

    An office has 20 of them in an hour. Exit status 1 when it was not accepted, or not answered.
    """
    api = connect(state)
    body = {"gateway": gateway, "address": address}
    asked = GatewayTestOut.model_validate(api.post("/v1/gateway-tests", body))
    test = _wait_for_answer(api, asked, wait)
    show_answer(test, as_json, _show_test)
    if test.outcome != "accepted":
        raise typer.Exit(NO)


def _wait_for_answer(api: Api, asked: GatewayTestOut, seconds: float) -> GatewayTestOut:
    """The test with its answer; without one when none came in time."""
    until, test = monotonic() + seconds, asked
    while test.answered_at is None and monotonic() < until:
        time.sleep(_LOOK_AFTER)  # what the notifier tells later can only be polled
        page = Page[GatewayTestOut].model_validate(api.get("/v1/gateway-tests", limit=100))
        test = next((each for each in page.items if each.request_id == asked.request_id), asked)
    return test


def _show_test(test: GatewayTestOut) -> None:
    if test.answered_at is None:
        say(_("{gateway}: there is no answer yet.").format(gateway=test.gateway))
        return
    words = " ".join(filter(None, (test.outcome, test.gateway_message_id, test.detail)))
    say(f"{test.gateway}: {words}")
