"""`cuiban messages test` waits for the notifier's answer, and says it."""

from collections.abc import Callable
from typing import Any

import pytest

from cli import client, gateway_tests

ASKED = {
    "request_id": "00000000-0000-4000-8000-000000000001",
    "gateway": "mas",
    "channel": "sms",
    "address": "138…0009",
    "actor": "office",
    "requested_at": "2026-11-29T01:00:00Z",
    "answered_at": None,
    "outcome": "",
    "detail": "",
    "gateway_message_id": "",
}
COMMAND = ("messages", "test", "mas", "--to", "13800000009")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let the API take a test, and answer it at the second look as the values say."""
    monkeypatch.setenv("CUIBAN_API", "http://127.0.0.1:1/")
    monkeypatch.setenv("CUIBAN_TOKEN", "x")
    monkeypatch.setattr(gateway_tests, "_LOOK_AFTER", 0.0)

    def prepare(**values: str) -> list[str]:
        looks: list[str] = []

        def request(_self: object, method: str, path: str, **_: Any) -> client.httpx.Response:
            looks.append(method)
            shown = ASKED | (values if len(looks) > 2 else {})
            if method == "POST":
                return client.httpx.Response(202, json=shown)
            return client.httpx.Response(200, json={"items": [shown], "next_cursor": None})

        monkeypatch.setattr(client.httpx.Client, "request", request)
        return looks

    return prepare


def test_it_says_what_the_gateway_answered(cuiban: Any, answer: Callable[..., list[str]]) -> None:
    answered = {"answered_at": "2026-11-29T01:00:02Z", "outcome": "accepted"}
    looks = answer(**answered, gateway_message_id="T1")
    done = cuiban(*COMMAND)
    assert (done.status, done.out) == (0, "mas: accepted T1\n")
    assert looks == ["POST", "GET", "GET"]


def test_a_refusal_and_no_answer_are_a_no(cuiban: Any, answer: Callable[..., list[str]]) -> None:
    answer(answered_at="2026-11-29T01:00:02Z", outcome="unauthorised", detail="InvalidUsrOrPwd")
    refused = cuiban(*COMMAND)
    assert (refused.status, refused.out) == (1, "mas: unauthorised InvalidUsrOrPwd\n")
    answer()
    silent = cuiban(*COMMAND, "--wait", "0")
    assert (silent.status, "no answer yet" in silent.out) == (1, True)
