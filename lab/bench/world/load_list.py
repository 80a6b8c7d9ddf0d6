"""What locust runs: people who read one page again and again. `lab.bench.world.load` starts it."""

import os
from typing import Any

import gevent
from locust import FastHttpUser, constant, events, task
from locust.env import Environment

_PATH, _COOKIE = os.environ["CUIBAN_LOAD_PATH"], os.environ["CUIBAN_LOAD_COOKIE"]
_REQUESTS = int(os.environ["CUIBAN_LOAD_REQUESTS"])
_OK = 200


class Reader(FastHttpUser):
    """One person with a session, who asks again as soon as the answer is there."""

    wait_time = constant(0)

    @task
    def read_page(self) -> None:
        """Ask for the page; anything but the page itself counts as a failure."""
        asked = self.client.get(
            _PATH, headers={"Cookie": _COOKIE}, allow_redirects=False, catch_response=True
        )
        with asked as answer:
            if answer.status_code != _OK:
                answer.failure(f"status {answer.status_code}")


@events.init.add_listener
def stop_after_enough(environment: Environment, **_: Any) -> None:  # noqa: ANN401 - locust's
    """End the run once so many requests were answered as were asked for."""

    def check(**_: Any) -> None:  # noqa: ANN401 - locust's
        if environment.runner and environment.stats.total.num_requests == _REQUESTS:
            gevent.spawn(environment.runner.quit)  # it ends the greenlet that calls this

    environment.events.request.add_listener(check)
